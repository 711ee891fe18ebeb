"""ux_hub answers for what the outside touches: the one door, alerts, pages, console, mobile and agents.

Holds the former api-gateway, notification, mcp, web, admin and mobile-api services.
"""
