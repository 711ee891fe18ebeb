"""How does it look? Accessible pictures of indicators and of anybody's numbers (former plotly-service)."""
