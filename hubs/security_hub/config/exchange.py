"""Taking configuration out and in as a whole."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from hubs.security_hub.config.repository import ConfigRepository
from hubs.security_hub.config.schemas import MASK, ImportReport, ValueWrite
from hubs.security_hub.config.service import ConfigService
from hubs.security_hub.config.service import build as build_config
from hubs.security_hub.config.validation import check_value
from hubs.security_hub.config.values import is_reference
from shared.app import Resources
from shared.auth import Principal
from shared.core.errors import Invalid


class ConfigExchange:
    """Export and import; an import is taken as a whole or not at all."""

    def __init__(self, repository: ConfigRepository, config: ConfigService) -> None:
        self._repository = repository
        self._config = config

    def export(self) -> str:
        """Return what is set for everybody as YAML; of secrets only references."""
        # YAML takes 1 MiB, and documents come and go rarely.
        from hubs.security_hub.config.transfer import render

        found: list[tuple[str, str, Any]] = []
        for row in self._repository.all_values():
            value = self._config.get(row.key, row.environment)
            if value.value != MASK:
                found.append((row.environment, row.key, row.value if row.sealed is None else value.value))
        return render(found)

    def load(
        self, text: str, caller: Principal, *, overwrite: bool, is_dry_run: bool, reason: str
    ) -> ImportReport:
        """Set everything in a document; values that are set already stay unless told to overwrite.

        Raises: Invalid naming every value that cannot be set; then nothing is.
        """
        from hubs.security_hub.config.transfer import parse

        report = ImportReport(is_dry_run=is_dry_run)
        problems: list[dict[str, str]] = []
        for environment, key, value in parse(text):
            name = f"{key}@{environment}" if environment else key
            row = self._repository.find_key(key)
            if row is None:
                problems.append(
                    {"in": "body", "pointer": f"/{key}", "detail": "nothing can be configured under it"}
                )
                continue
            try:
                if not (row.is_secret and is_reference(value)):
                    check_value(row.schema, value)
            except Invalid as error:
                problems.append({"in": "body", "pointer": f"/{key}", "detail": error.detail})
                continue
            present = self._repository.find_value(key, environment, None)
            if present is not None and present.sealed is None and present.value == value:
                report.unchanged.append(name)
                continue
            if present is not None and not overwrite:
                report.skipped.append(name)
                continue
            (report.changed if present is not None else report.created).append(name)
            if not is_dry_run:
                form = ValueWrite(value=value, environment=environment, reason=reason or "import")
                self._config.set(key, form, caller)
        if problems:
            raise Invalid(f"{len(problems)} values cannot be set; nothing was", errors=problems[:50])
        return report


def build(session: Session, resources: Resources) -> ConfigExchange:
    """Return the exchange for one transaction."""
    return ConfigExchange(ConfigRepository(session), build_config(session, resources))
