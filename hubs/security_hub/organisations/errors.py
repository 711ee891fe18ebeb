"""What can go wrong with organisations."""

from __future__ import annotations

from shared.core.errors import Conflict, Forbidden, Invalid, NotFound


class OrganisationNotFound(NotFound):
    """No such organisation, or none that the caller belongs to."""

    code = "organisation-not-found"
    title = "Organisation not found"


class NotYourPart(Forbidden):
    """The caller's part in the organisation does not allow this."""

    code = "not-your-part"
    title = "Not your part"


class LastOwner(Conflict):
    """An organisation keeps at least one owner."""

    code = "last-owner"
    title = "Last owner"


class BadInvitation(Invalid):
    """The invitation was accepted, has run out, or was sent to another address."""

    code = "bad-invitation"
    title = "Invitation not valid"
