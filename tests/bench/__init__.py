"""Figures, printed: `make bench`. Every figure stands beside a baseline taken in the same run; nothing here asserts a time."""
