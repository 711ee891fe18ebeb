"""What does a machine agent get to know, with its sources? (former mcp-service, port 8013)."""
