"""What can go wrong with an export."""

from __future__ import annotations

from shared.core.errors import Conflict, NotFound, Unavailable


class ExportMissing(NotFound):
    """No such export, or no such file in it."""

    code = "export-not-found"
    title = "Export not found"


class ExportRunning(Conflict):
    """An export is being built already."""

    code = "export-running"
    title = "Export running"


class ExportElsewhere(Unavailable):
    """The files of an export are not where this process keeps such files."""

    code = "export-elsewhere"
    title = "Export kept elsewhere"
