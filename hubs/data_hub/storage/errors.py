"""What can go wrong with stored files."""

from __future__ import annotations

from shared.core.errors import AppError, Conflict, NotFound, TooLarge, UnsupportedMediaType


class FileMissing(NotFound):
    """No such file."""

    code = "file-not-found"
    title = "File not found"


class TypeRefused(UnsupportedMediaType):
    """The content is of no type that is stored here, or not of the type that it claims."""

    code = "media-type-refused"
    title = "Media type refused"


class QuotaExceeded(TooLarge):
    """There is no room left for this."""

    status, code, title = 413, "quota-exceeded", "Quota exceeded"


class OnHold(Conflict):
    """The file is under a legal hold and stays."""

    code = "legal-hold"
    title = "Legal hold"


class RangeRefused(AppError):
    """No part of the requested range is there."""

    status, code, title = 416, "range-not-satisfiable", "Range not satisfiable"


class SignatureRefused(AppError):
    """The signed address was altered or has run out."""

    status, code, title = 403, "signature-refused", "Signature refused"
