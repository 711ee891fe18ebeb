"""Is everything up, and if not, what is the root of it? (former health-service)."""
