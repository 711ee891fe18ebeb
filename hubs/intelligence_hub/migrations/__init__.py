"""The schema history of intelligence_hub."""
