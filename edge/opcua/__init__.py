"""Portals and lines as an OPC UA server."""
