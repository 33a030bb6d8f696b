"""Pages of panels with shared filters."""
