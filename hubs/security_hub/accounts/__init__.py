"""Who has an account? (part of the former auth-service)"""
