"""Decisions on the floor, pure: no I/O and no clock; time comes in with every input."""
