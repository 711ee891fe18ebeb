"""Who did what to what, and can that be proven? (former audit-service)."""
