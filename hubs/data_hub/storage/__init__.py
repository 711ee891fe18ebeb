"""storage answers: these bytes, unchanged, and where a record was read (formerly storage-service)."""
