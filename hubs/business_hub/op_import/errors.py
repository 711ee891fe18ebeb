"""What can be wrong with an upload and what is in it."""

from __future__ import annotations

from shared.core.errors import Conflict, Invalid, NotFound, TooLarge


class UploadNotFound(NotFound):
    """There is no upload with this id."""

    code = "upload-not-found"
    title = "Upload not found"


class UploadTooLarge(TooLarge):
    """The upload, or something unpacked from it, is beyond a limit."""

    code = "upload-too-large"
    title = "Upload too large"


class Unreadable(Invalid):
    """The bytes are not what their format says."""

    code = "unreadable"
    title = "Unreadable upload"


class UnknownFormat(Invalid):
    """No reader recognises the upload."""

    code = "unknown-format"
    title = "Unknown format"


class BadMapping(Invalid):
    """The mapping of columns does not fit the file or the target."""

    code = "bad-mapping"
    title = "Bad mapping"


class UploadBusy(Conflict):
    """The upload is being worked on, or has been."""

    code = "upload-busy"
    title = "Upload busy"


class PartsMissing(Conflict):
    """Not all parts of the upload have come."""

    code = "parts-missing"
    title = "Parts missing"


class TemplateNotFound(NotFound):
    """There is no mapping template with this name."""

    code = "template-not-found"
    title = "Template not found"
