"""What can go wrong with bundles."""

from __future__ import annotations

from shared.core.errors import NotFound


class BundleNotFound(NotFound):
    """No bundle has this name; agents keep the one they have and ask again later."""

    code = "bundle-not-found"
    title = "Bundle not found"
