"""LLRP: codec and the client's half of the session."""
