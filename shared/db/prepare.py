"""Making a database ready for the hubs: server up, roles and schemas there, migrations run."""

import os
import subprocess
import sys

from shared.core.errors import Unavailable
from shared.db.provision import provision
from shared.db.url import admin_url, embedded_server, role_secret
from shared.settings import HubSettings

MIGRATION_TIMEOUT_SECONDS = 600


def provision_server(settings: HubSettings) -> None:
    """Start the embedded server, or create the roles and schemas on the configured one; idempotent.

    On a configured server the URL's own role must be allowed to create roles and schemas.
    Raises: Unavailable, psycopg.Error.
    """
    if not settings.database.url:
        embedded_server(settings).start()
        return
    provision(admin_url(settings), secret=role_secret(settings))


def upgrade_schemas(settings: HubSettings, hub: str = "all") -> None:
    """Run the pending migrations of a hub or of all, in a process of its own that then gives its memory back.

    Raises: Unavailable with what the migration said.
    """
    done = subprocess.run(
        [sys.executable, "-m", "shared.db.migrate", hub, "upgrade"],
        env=os.environ | _environment(settings),
        capture_output=True,
        text=True,
        timeout=MIGRATION_TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise Unavailable(f"The database could not be migrated: {said}")


def _environment(settings: HubSettings) -> dict[str, str]:
    """Return the settings that the migration needs as the variables it reads them from."""
    return {
        "OP_ENVIRONMENT": settings.environment,
        "OP_DATA_DIR": str(settings.data_dir.resolve()),
        "OP_SECRET": settings.secret.get_secret_value(),
        "OP_RABBIT__URL": settings.rabbit.url,
        "OP_DATABASE__URL": settings.database.url,
        "OP_DATABASE__ROLE_PER_HUB": str(settings.database.role_per_hub).lower(),
        "OP_DATABASE__ROLE_PASSWORD": settings.database.role_password.get_secret_value(),
    }
