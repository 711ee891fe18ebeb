"""What the hub opens for error reports: the platform's own project and the intake."""

from __future__ import annotations

from hubs.ops_hub.error_reporting.intake import Intake
from hubs.ops_hub.error_reporting.service import build
from shared.app import Resources
from shared.db.session import transaction
from shared.reporting import PROJECT_NAME, project_key


def open_intake(resources: Resources) -> None:
    """Make sure that the platform can report into itself, then start the writer."""
    with transaction(resources.sessionmaker) as session:
        build(session).create_project(PROJECT_NAME, project_key(resources.settings))
    intake = Intake(resources.sessionmaker, resources.registry)
    intake.start()
    resources.put(intake)
    resources.stack.callback(intake.close)
