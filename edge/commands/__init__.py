"""What one command of `lanewise` needs for itself."""
