"""What can go wrong with configuration."""

from __future__ import annotations

from shared.core.errors import Conflict, Invalid, NotFound, PreconditionFailed


class KeyNotFound(NotFound):
    """Nothing of this name can be configured."""

    code = "config-key-not-found"
    title = "Configuration key not found"


class VersionNotFound(NotFound):
    """The value never had this version."""

    code = "config-version-not-found"
    title = "Version not found"


class BadSchema(Invalid):
    """The JSON Schema of the key is none, or its own default does not fit it."""

    code = "bad-schema"
    title = "Schema not valid"


class BadValue(Invalid):
    """The value does not fit the schema of its key; ``errors`` points to where."""

    code = "bad-config-value"
    title = "Value does not fit"


class NotPersonal(Invalid):
    """People cannot have a value of their own for this key."""

    code = "not-personal"
    title = "Not a personal setting"


class ChangedMeanwhile(PreconditionFailed):
    """Somebody else changed the value first; ``version`` is the present one."""

    code = "changed-meanwhile"
    title = "Changed meanwhile"


class KeyInUse(Conflict):
    """Values that are set do not fit the new schema."""

    code = "config-key-in-use"
    title = "Values do not fit the new schema"
