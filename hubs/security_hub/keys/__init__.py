"""With which key is signed now, and which are published? (part of the former auth-service)"""
