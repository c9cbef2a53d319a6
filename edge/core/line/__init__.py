"""From evidence to verdict and lane."""
