"""A dashboard being built: the page itself with handles, and forms at its side."""
