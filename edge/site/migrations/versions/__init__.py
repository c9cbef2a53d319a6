"""One file for each revision; what stands in one is not changed any more."""
