"""Connections to data, and the only door for people's SQL."""
