"""Everything as YAML: out, in, compared, applied."""
