"""The scraper: takes a job, reads one source politely, publishes contract records, acknowledges last."""
