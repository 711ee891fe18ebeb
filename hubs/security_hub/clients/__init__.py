"""Which applications and services may ask for tokens, and for which scopes?"""
