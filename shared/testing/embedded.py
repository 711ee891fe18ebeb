"""The embedded PostgreSQL in a temporary data directory."""

import shutil
import tempfile
from pathlib import Path

from sqlalchemy import URL

from shared.db.embedded import EmbeddedPostgres


class TemporaryEmbedded:
    """An embedded server of the tests' own; it survives kill -9, but not a power loss."""

    def __init__(self) -> None:
        self.data_dir = Path(tempfile.mkdtemp(prefix="op-embedded-"))
        self.server = EmbeddedPostgres(self.data_dir, overrides={"fsync": "off"})

    @property
    def admin_url(self) -> URL:
        """The URL of the superuser, in the database `postgres`."""
        return self.server.url(database="postgres")

    def start(self) -> None:
        """Start the server. Raises: Unavailable."""
        self.server.start()

    def stop(self) -> None:
        """Stop the server and remove its files."""
        self.server.stop()
        shutil.rmtree(self.data_dir, ignore_errors=True)
