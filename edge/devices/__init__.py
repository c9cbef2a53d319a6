"""One device each, for the life of the process."""
