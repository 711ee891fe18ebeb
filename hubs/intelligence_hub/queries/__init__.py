"""What do people want counted that no indicator counts? Saved statements, read-only and bounded."""
