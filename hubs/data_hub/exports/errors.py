"""What can go wrong with an export."""

from __future__ import annotations

from shared.core.errors import Conflict, NotFound


class ExportMissing(NotFound):
    """No such export, or no such file in it."""

    code = "export-not-found"
    title = "Export not found"


class ExportRunning(Conflict):
    """An export is being built already."""

    code = "export-running"
    title = "Export running"
