"""What broke, how often, since when, and is it back? (former error-reporting-service)."""
