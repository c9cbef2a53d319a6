"""What comes from outside becomes values, or a list of everything that is wrong with it."""
