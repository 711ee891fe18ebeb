"""The pages' routers, in the order in which addresses are matched."""

from __future__ import annotations

from hubs.ux_hub.web.router import cards, feeds, following, home, legislation, members, platform, proceedings

PAGES = (
    home.router,
    legislation.router,
    members.router,
    proceedings.router,
    following.router,
    feeds.router,
    cards.router,
    platform.router,
)
REST = platform.rest
"""Comes after every other router: whatever else begins with a language ends here."""
