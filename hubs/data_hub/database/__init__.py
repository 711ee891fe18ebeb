"""database answers: what is on record, since when, and according to whom (formerly database-service)."""
