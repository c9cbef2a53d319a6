"""The decisions of the order flow, from a shop's order to the tote: pure, times are integers, no clock, no zone."""
