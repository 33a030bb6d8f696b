"""Nexus's own tables, and the way to them."""
