"""What goes through a dock door, and whether it belongs there."""
