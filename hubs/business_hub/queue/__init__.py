"""Which jobs are there, in which state, and what became of each? Formerly queue-service."""
