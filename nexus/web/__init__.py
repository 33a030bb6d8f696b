"""HTTP without people: who calls, which headers go out, static files, the log of requests."""
