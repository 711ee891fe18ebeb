"""business_hub as the operator's command and other hubs see it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from shared.clients.base import HubClient
from shared.contracts.http.jobs import JobCreate, JobRead


class BusinessHubClient(HubClient):
    """Jobs, sources and runs."""

    def create_job(self, job: JobCreate, idempotency_key: str | None = None) -> JobRead:
        """Ask for a job.

        Raises: Invalid with suggestions for an unknown source; Conflict when the source is busy.
        """
        answer = self.request("POST", "/api/v1/jobs", json=job, idempotency_key=idempotency_key)
        return JobRead.model_validate(answer)

    def get_job(self, job_id: UUID | str) -> JobRead:
        """Return one job.

        Raises: NotFound.
        """
        return JobRead.model_validate(self.request("GET", f"/api/v1/jobs/{job_id}"))

    def list_jobs(self, **params: Any) -> list[JobRead]:
        """Return the newest jobs."""
        answer = self.request("GET", "/api/v1/jobs", params=params)
        return [JobRead.model_validate(row) for row in answer["data"]]

    def cancel_job(self, job_id: UUID | str, reason: str = "") -> JobRead:
        """End a job early."""
        return JobRead.model_validate(
            self.request("POST", f"/api/v1/jobs/{job_id}/cancel", json={"reason": reason})
        )
