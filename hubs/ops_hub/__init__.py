"""ops_hub answers for how the platform itself is doing.

Holds the former monitoring, health and error-reporting services.
"""
