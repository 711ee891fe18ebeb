"""What hubs can change without a restart, as they say it themselves when they start."""

from __future__ import annotations

import re

from sqlalchemy.orm import Session

from hubs.security_hub.config.errors import KeyInUse
from hubs.security_hub.config.models import ConfigKey
from hubs.security_hub.config.repository import ConfigRepository
from hubs.security_hub.config.schemas import KEY_PATTERN, KeyWrite
from hubs.security_hub.config.service import ConfigService
from hubs.security_hub.config.service import build as build_config
from hubs.security_hub.config.validation import check_shape
from shared.app import Resources
from shared.auth import Principal
from shared.contracts.http.configuration import KeysDeclared, LiveKeys
from shared.core.errors import Invalid


class ConfigDeclarations:
    """Takes the declarations of hubs; the same one again costs nothing and loads nothing."""

    def __init__(self, repository: ConfigRepository, config: ConfigService) -> None:
        self._repository = repository
        self._config = config

    def declare(self, service: str, form: LiveKeys, caller: Principal) -> KeysDeclared:
        """Define the keys that are new or different.

        A key whose present value would not fit any more stays as it was and is named in the answer.

        Raises: BadSchema; Invalid for a key of another service.
        """
        # Two processes of one hub start together: the second finds what the first has said.
        self._repository.lock()
        known = {row.key: row for row in self._repository.list_keys(service)}
        refused: dict[str, str] = {}
        for each in form.keys:
            if not re.fullmatch(KEY_PATTERN, each.key) or each.key.partition(".")[0] != service:
                raise Invalid(f"{each.key!r} is no key of {service}")
            check_shape(each.schema_)
            new = KeyWrite(**each.model_dump(by_alias=True, exclude={"key"}))
            row = known.get(each.key)
            if row is not None and _is_same(row, new):
                continue
            try:
                self._config.store_key(each.key, new, caller)
            except KeyInUse as error:
                refused[each.key] = error.detail
        return KeysDeclared(declared=len(form.keys) - len(refused), refused=refused)


def _is_same(row: ConfigKey, form: KeyWrite) -> bool:
    names = ("title_en", "title_fr", "default", "is_secret", "is_personal", "is_live")
    return row.schema == form.schema_ and all(getattr(row, name) == getattr(form, name) for name in names)


def build(session: Session, resources: Resources) -> ConfigDeclarations:
    """Return the declarations for one transaction."""
    return ConfigDeclarations(ConfigRepository(session), build_config(session, resources))
