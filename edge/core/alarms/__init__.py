"""Alarms by ISA-18.2, derived from what is journaled."""
