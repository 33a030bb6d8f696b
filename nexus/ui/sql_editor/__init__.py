"""A question written in SQL: the editor over its result, with the catalog beside it."""
