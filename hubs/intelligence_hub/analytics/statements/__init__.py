"""The SQL of the indicators, over the facts; each is stated in words beside its definition."""
