"""How much, how fast, how full, and what should wake somebody? (former monitoring-service)."""
