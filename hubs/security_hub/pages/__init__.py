"""How do our own pages look and speak, and which browser is this?"""
