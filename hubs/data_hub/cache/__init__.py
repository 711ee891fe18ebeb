"""cache answers: what another hub has worked out already (formerly cache-service)."""
