"""Decisions about orders, pure: values in, values out."""
