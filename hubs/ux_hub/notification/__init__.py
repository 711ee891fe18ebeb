"""Who wanted to hear of this, and did they, exactly once? (former notification-service, port 8016)."""
