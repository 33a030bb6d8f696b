"""A view made by clicking: its steps as cards beside a preview of what they give."""
