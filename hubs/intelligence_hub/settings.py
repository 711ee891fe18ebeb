"""Settings of the intelligence hub."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field

from shared.settings import HubSettings


class AuditSettings(BaseModel):
    """The audit log."""

    retention_days: int = Field(
        1_095, ge=0, description="days after which sensitive values of entries are deleted; 0: never"
    )


class DecisionSettings(BaseModel):
    """The log of decisions."""

    retention_days: int = Field(30, ge=1, description="days that logged decisions are kept")


class IntelligenceSettings(HubSettings):
    """What this hub adds."""

    audit: AuditSettings = AuditSettings()
    decisions: DecisionSettings = DecisionSettings()

    @classmethod
    def of(cls, settings: HubSettings) -> Self:
        """Return ``settings`` as this class, reading what only this hub has from the environment."""
        if isinstance(settings, cls):
            return settings
        return cls(**{name: getattr(settings, name) for name in type(settings).model_fields})
