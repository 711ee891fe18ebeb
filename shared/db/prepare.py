"""Making a database ready for the hubs: server up, roles and schemas there, migrations run.

`python -m shared.db.prepare` does it for a configured server: what an installation's migration job runs.
"""

import os
import subprocess
import sys

import psycopg

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


def main() -> int:
    """Create what is missing and run every pending migration; exit status 1 with the reason when it fails."""
    settings = HubSettings()
    try:
        provision_server(settings)
        upgrade_schemas(settings)
    except (Unavailable, psycopg.Error) as error:
        print(error, file=sys.stderr)
        return 1
    print("the database is ready", flush=True)
    return 0


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


if __name__ == "__main__":
    sys.exit(main())
