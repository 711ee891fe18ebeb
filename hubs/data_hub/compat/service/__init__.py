"""The same record in other services' shapes."""
