"""How does a person sign in and out? (the former auth-service, port 9003)"""
