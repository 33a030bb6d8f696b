"""The sample: 336,776 real flights, and a workspace on them."""
