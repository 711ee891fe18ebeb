"""What the hub opens for error reports: the intake with its writer, and who looks at what came in."""

from __future__ import annotations

import threading

from hubs.ops_hub.error_reporting.alerting import ErrorAlerts
from hubs.ops_hub.error_reporting.intake import Intake, Limits
from hubs.ops_hub.monitoring.service import AlertBook
from hubs.ops_hub.settings import settings_of
from shared.app import Resources
from shared.reporting import project_key


def open_intake(resources: Resources) -> None:
    """Start the writer; a database that is away is waited for."""
    options = settings_of(resources.settings).ops
    limits = Limits(options.errors_per_s, options.errors_burst, options.errors_keep_days, options.errors_keep)
    intake = Intake(resources.sessionmaker, resources.registry, project_key(resources.settings), limits)
    intake.start()
    resources.put(intake)
    resources.stack.callback(intake.close)
    alerts = ErrorAlerts(resources.sessionmaker, resources.get(AlertBook))
    thread = threading.Thread(target=alerts.run, args=(resources.stop,), name="error-alerts", daemon=True)
    thread.start()
    resources.stack.callback(thread.join, 5)
