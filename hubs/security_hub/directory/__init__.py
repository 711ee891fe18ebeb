"""Who has an account, seen by those who administer accounts? (part of the former auth-service)"""
