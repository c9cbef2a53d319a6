"""LLRP: the reader's half, simulated."""
