"""Whether a PLC keeps the mailbox's contract."""
