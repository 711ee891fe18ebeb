"""Is this password right, and is a new one good enough?"""
