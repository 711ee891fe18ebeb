"""What do the records say when counted, and how exactly was it counted? (former analytics-service)."""
