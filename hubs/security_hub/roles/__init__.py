"""Which permissions does a role give? (part of the former auth-service)"""
