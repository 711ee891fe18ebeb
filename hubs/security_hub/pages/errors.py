"""What can go wrong with a form."""

from __future__ import annotations

from shared.core.errors import Forbidden


class ForeignForm(Forbidden):
    """The form was not on our page, was open too long, or belongs to another browser."""

    code = "foreign-form"
    title = "Please try again"
