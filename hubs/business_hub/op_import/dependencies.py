"""What the endpoints and tasks of uploads are given."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import Session

from hubs.business_hub.base import outbox
from hubs.business_hub.op_import.repository import UploadRepository
from hubs.business_hub.op_import.service import UploadService
from hubs.business_hub.queue.dependencies import build_jobs
from hubs.business_hub.settings import BusinessSettings, settings_of
from shared.app import Resources, ResourcesDep
from shared.db.dependency import SessionDep
from shared.outbox.outbox import Outbox


def imports_folder(settings: BusinessSettings) -> Path:
    """Return the folder whose files may be imported in place."""
    return settings.uploads.folder or settings.data_dir / "imports"


def build_uploads(resources: Resources, session: Session) -> UploadService:
    """Return the service of one transaction of this process."""
    return UploadService(
        UploadRepository(session),
        build_jobs(resources, session),
        Outbox(session, outbox),
        imports_folder(settings_of(resources.settings)),
    )


def upload_service(resources: ResourcesDep, session: SessionDep) -> UploadService:
    """Dependency: the uploads of this request."""
    return build_uploads(resources, session)


UploadServiceDep = Annotated[UploadService, Depends(upload_service)]
