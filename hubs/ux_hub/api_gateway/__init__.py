"""Which hub answers this path, and may this caller ask? (former api-gateway, port 8000)."""
