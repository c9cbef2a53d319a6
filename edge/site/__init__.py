"""The site store: orders, their feed, and the mirror of what the lines did."""
