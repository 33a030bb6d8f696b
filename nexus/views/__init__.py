"""Saved questions to a source."""
