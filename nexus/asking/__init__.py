"""Ask the data: a question in words becomes SQL, which passes every wall that people's own SQL passes, and a view if it is kept."""
