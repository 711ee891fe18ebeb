"""How does an application get a token? OAuth 2.1 and OpenID Connect, for clients that know only the
standards.
"""
