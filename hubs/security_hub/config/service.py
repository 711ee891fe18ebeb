"""Configuration: defined by a schema, set by scope, versioned, compared, brought back; secrets sealed and
masked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.security_hub.config.errors import (
    BadValue,
    ChangedMeanwhile,
    KeyInUse,
    KeyNotFound,
    NotPersonal,
    VersionNotFound,
)
from hubs.security_hub.config.models import ConfigKey, ConfigValue, ConfigVersion
from hubs.security_hub.config.repository import ConfigRepository
from hubs.security_hub.config.schemas import (
    MASK,
    Difference,
    DiffRead,
    KeyRead,
    KeyWrite,
    Source,
    ValueList,
    ValueRead,
    ValueWrite,
    VersionRead,
)
from hubs.security_hub.config.validation import check_schema, check_value
from hubs.security_hub.config.values import differences, is_reference
from hubs.security_hub.feed.service import announce
from hubs.security_hub.trail.service import Trail
from hubs.security_hub.trail.service import build as build_trail
from hubs.security_hub.vault.service import Vault
from shared.app import Resources
from shared.auth import Principal
from shared.core.clock import utc_now
from shared.http.json import dumps, loads

TOPIC = "config"
_MOST_VERSIONS = 200


class ConfigService:
    """What is configured, and everything that ever was."""

    def __init__(
        self,
        repository: ConfigRepository,
        vault: Vault,
        trail: Trail,
        tell: Callable[[], None],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._repository = repository
        self._vault = vault
        self._trail = trail
        self._tell = tell
        self._now = now

    def define(self, key: str, form: KeyWrite, caller: Principal | str) -> KeyRead:
        """Say what may be configured under a key; values that are set must fit.

        Raises: BadSchema, BadValue for the default, KeyInUse.
        """
        check_schema(form.schema_)
        if form.is_secret and form.default is not None:
            raise BadValue("a secret has no default: it would be the same everywhere, and readable")
        if not form.is_secret:
            check_value(form.schema_, form.default)
        return self.store_key(key, form, caller)

    def store_key(self, key: str, form: KeyWrite, caller: Principal | str) -> KeyRead:
        """Keep what may be configured under a key, its schema taken on trust.

        Raises: KeyInUse.
        """
        row = self._repository.find_key(key, is_locked=True)
        if row is None:
            row = ConfigKey(key=key, service=key.partition(".")[0], schema={}, is_secret=form.is_secret)
            self._assign(row, form)
            self._repository.add(row)
        else:
            if row.is_secret != form.is_secret and self._repository.values_of(key):
                raise KeyInUse("a key with values cannot become a secret, or stop being one")
            self._require_fit(key, form)
            self._assign(row, form)
            row.updated_at = self._now()
        self._trail.record("config-key.defined", caller, target=key, target_type="config-key")
        self._tell()
        return _read_key(row)

    def forget(self, key: str, caller: Principal) -> None:
        """Remove a key and its values; the versions stay.

        Raises: KeyNotFound.
        """
        row = self._get(key)
        self._repository.delete(row)
        self._trail.record("config-key.removed", caller, target=key, target_type="config-key")
        self._tell()

    def keys(self, service: str | None) -> Sequence[KeyRead]:
        """Return what may be configured."""
        return [_read_key(row) for row in self._repository.list_keys(service)]

    def effective(
        self, environment: str, service: str | None, user_id: UUID | None, *, reveals: Iterable[str] = ()
    ) -> ValueList:
        """Return the values that hold in a scope; secrets of the services in ``reveals`` are in clear."""
        found: dict[str, list[ConfigValue]] = {}
        for value in self._repository.values_for(service, environment, user_id):
            found.setdefault(value.key, []).append(value)
        clear = set(reveals)
        data = [
            self._holding(key, found.get(key.key, []), is_clear=key.service in clear or "*" in clear)
            for key in self._repository.list_keys(service)
        ]
        return ValueList(environment=environment, number=self._repository.last_number(service), data=data)

    def get(self, key: str, environment: str, user_id: UUID | None = None) -> ValueRead:
        """Return the value that holds for a key; a secret is masked.

        Raises: KeyNotFound.
        """
        row = self._get(key)
        values = [v for v in self._repository.values_of(key) if v.environment in ("", environment)]
        return self._holding(row, [v for v in values if v.user_id in (None, user_id)], is_clear=False)

    def set(self, key: str, form: ValueWrite, caller: Principal | str) -> ValueRead:
        """Set a value in one scope.

        Raises: KeyNotFound, BadValue, NotPersonal, ChangedMeanwhile.
        """
        row = self._get(key, is_locked=True)
        if form.user_id is not None and not row.is_personal:
            raise NotPersonal(f"{key}: people have no value of their own")
        if not is_reference(form.value) or not row.is_secret:
            check_value(row.schema, form.value)
        if row.is_secret and form.value == MASK:
            raise BadValue("this is the mask, not the secret")
        present = self._repository.find_value(key, form.environment, form.user_id)
        version = self._version_of(key, form.environment, form.user_id)
        if form.expected_version is not None and form.expected_version != (present.version if present else 0):
            raise ChangedMeanwhile("somebody changed it first", version=present.version if present else 0)
        before = self._masked(row, present) if present else None
        sealed = self._seal(key, form.value) if row.is_secret else None
        if present is None:
            present = ConfigValue(key=key, environment=form.environment, user_id=form.user_id)
        present.value = None if row.is_secret else form.value
        present.sealed, present.version = sealed, version + 1
        present.changed_by, present.changed_at = _name(caller), self._now()
        self._repository.add(present)
        self._note(present, form.reason, is_set=True)
        after = self._masked(row, present)
        self._record("config.set", caller, present, form.reason, before, after)
        return self._holding(row, [present], is_clear=False)

    def unset(
        self, key: str, environment: str, user_id: UUID | None, caller: Principal | str, reason: str
    ) -> None:
        """Let what is more general hold again.

        Raises: KeyNotFound, VersionNotFound when nothing is set in this scope.
        """
        row = self._get(key, is_locked=True)
        present = self._repository.find_value(key, environment, user_id)
        if present is None:
            raise VersionNotFound("nothing is set in this scope")
        before = self._masked(row, present)
        present.version, present.changed_by, present.changed_at = (
            present.version + 1,
            _name(caller),
            self._now(),
        )
        self._note(present, reason, is_set=False)
        self._record("config.unset", caller, present, reason, before, None)
        self._repository.delete(present)

    def versions(self, key: str, environment: str, user_id: UUID | None) -> Sequence[VersionRead]:
        """Return the changes of one value, the newest first; secrets are masked."""
        rows = self._repository.versions(key, environment, user_id, _MOST_VERSIONS)
        return [self.read_version(row) for row in rows]

    def diff(self, key: str, environment: str, first: int, second: int) -> DiffRead:
        """Return where two versions differ; of secrets only that they do.

        Raises: VersionNotFound.
        """
        before, after = (self._find_version(key, environment, None, n) for n in (first, second))
        left, right = self._opened(before), self._opened(after)
        if before.sealed or after.sealed:
            found = [] if left == right else [Difference(pointer="", before=MASK, after=MASK)]
        else:
            found = list(differences(left, right))
        return DiffRead(key=key, from_version=first, to_version=second, differences=found)

    def rollback(
        self,
        key: str,
        environment: str,
        user_id: UUID | None,
        version: int,
        caller: Principal,
        reason: str,
    ) -> ValueRead:
        """Bring an earlier version back, as a new one.

        Raises: KeyNotFound, VersionNotFound, BadValue when it no longer fits the schema.
        """
        old = self._find_version(key, environment, user_id, version)
        if not old.is_set:
            self.unset(key, environment, user_id, caller, reason)
            return self.get(key, environment, user_id)
        form = ValueWrite(
            value=self._opened(old),
            environment=environment,
            user_id=user_id,
            reason=reason or f"back to version {version}",
        )
        return self.set(key, form, caller)

    def changes_after(self, number: int, service: str | None, limit: int) -> Sequence[VersionRead]:
        """Return changes for everybody after a number, in order; secrets are masked."""
        return [self.read_version(row) for row in self._repository.changes_after(number, service, limit)]

    def last_number(self, service: str | None = None) -> int:
        """Return the number of the newest change."""
        return self._repository.last_number(service)

    def reseal(self) -> int:
        """Seal every secret with the newest sealing key and return how many were not."""
        count = 0
        for row in self._repository.sealed_rows():
            if row.sealed is not None and not self._vault.is_current(row.sealed):
                context = f"config:{row.key}"
                row.sealed = self._vault.seal(self._vault.open(row.sealed, context), context)
                count += 1
        return count

    def read_version(self, row: ConfigVersion) -> VersionRead:
        """Return one change in its API shape."""
        return VersionRead(
            number=row.number,
            key=row.key,
            environment=row.environment,
            user_id=row.user_id,
            version=row.version,
            is_set=row.is_set,
            value=MASK if row.sealed else row.value,
            reason=row.reason,
            changed_by=row.changed_by,
            changed_at=row.changed_at,
        )

    def _get(self, key: str, *, is_locked: bool = False) -> ConfigKey:
        row = self._repository.find_key(key, is_locked=is_locked)
        if row is None:
            raise KeyNotFound(f"nothing can be configured under {key!r}")
        return row

    def _find_version(self, key: str, environment: str, user_id: UUID | None, version: int) -> ConfigVersion:
        found = self._repository.find_version(key, environment, user_id, version)
        if found is None:
            raise VersionNotFound(f"{key} has no version {version} in this scope")
        return found

    def _version_of(self, key: str, environment: str, user_id: UUID | None) -> int:
        newest = self._repository.versions(key, environment, user_id, 1)
        return newest[0].version if newest else 0

    def _assign(self, row: ConfigKey, form: KeyWrite) -> None:
        row.title_en, row.title_fr = form.title_en, form.title_fr
        row.schema, row.default = form.schema_, form.default
        row.is_secret, row.is_personal, row.is_live = form.is_secret, form.is_personal, form.is_live

    def _require_fit(self, key: str, form: KeyWrite) -> None:
        for value in self._repository.values_of(key):
            opened = self._opened(value)
            if form.is_secret and is_reference(opened):
                continue
            try:
                check_value(form.schema_, opened)
            except BadValue as error:
                raise KeyInUse(
                    f"the value in {value.environment or 'every environment'}: {error.detail}"
                ) from None

    def _holding(self, key: ConfigKey, values: Sequence[ConfigValue], *, is_clear: bool) -> ValueRead:
        """Return what holds: one's own before the environment's before everywhere's before the default."""
        best = max(values, key=lambda v: (v.user_id is not None, v.environment != ""), default=None)
        source: Source = "default"
        opened = key.default
        if best is not None:
            source = "person" if best.user_id else "environment" if best.environment else "everywhere"
            opened = self._opened(best)
        reference = key.is_secret and is_reference(opened)
        is_masked = key.is_secret and not is_clear and not reference and opened is not None
        return ValueRead(
            key=key.key,
            value=MASK if is_masked else opened,
            source=source,
            version=best.version if best else 0,
            is_secret=key.is_secret,
            is_live=key.is_live,
            is_reference=reference,
            changed_at=best.changed_at if best else None,
            changed_by=best.changed_by if best else "",
        )

    def _opened(self, row: ConfigValue | ConfigVersion) -> Any:
        if row.sealed is None:
            return row.value
        return loads(self._vault.open(row.sealed, f"config:{row.key}"))

    def _seal(self, key: str, value: Any) -> str:
        return self._vault.seal(dumps(value), f"config:{key}")

    def _masked(self, key: ConfigKey, value: ConfigValue) -> dict[str, Any]:
        return {"value": MASK if key.is_secret else value.value}

    def _note(self, value: ConfigValue, reason: str, *, is_set: bool) -> None:
        # One change at a time, so that numbers become visible in their order and no reader skips one.
        self._repository.lock()
        self._repository.add(
            ConfigVersion(
                key=value.key,
                environment=value.environment,
                user_id=value.user_id,
                version=value.version,
                is_set=is_set,
                value=value.value if is_set else None,
                sealed=value.sealed if is_set else None,
                reason=reason,
                changed_by=value.changed_by,
                changed_at=value.changed_at,
            )
        )
        self._tell()

    def _record(
        self, action: str, caller: Principal | str, value: ConfigValue, reason: str, before: Any, after: Any
    ) -> None:
        self._trail.record(
            action,
            caller,
            target=value.key,
            target_type="config",
            before=before,
            after=after,
            reason=reason,
            environment=value.environment,
            version=value.version,
        )


def _name(caller: Principal | str) -> str:
    return caller.subject if isinstance(caller, Principal) else caller


def _read_key(row: ConfigKey) -> KeyRead:
    return KeyRead(
        key=row.key,
        service=row.service,
        title_en=row.title_en,
        title_fr=row.title_fr,
        schema_=row.schema,
        default=row.default,
        is_secret=row.is_secret,
        is_personal=row.is_personal,
        is_live=row.is_live,
    )


def build(session: Session, resources: Resources) -> ConfigService:
    """Return the service for one transaction."""
    return ConfigService(
        ConfigRepository(session),
        resources.get(Vault),
        build_trail(session, resources),
        lambda: announce(session, TOPIC),
    )
