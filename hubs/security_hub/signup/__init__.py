"""How does one get an account, and back into it? (part of the former auth-service)"""
