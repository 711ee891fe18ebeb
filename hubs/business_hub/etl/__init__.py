"""How does what was scraped become the canonical record, or why was it refused? Formerly etl (port 8007)."""
