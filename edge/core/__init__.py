"""Every decision of the floor, pure: values in, values out."""
