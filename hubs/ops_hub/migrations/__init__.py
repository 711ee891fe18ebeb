"""The schema history of ops_hub."""
