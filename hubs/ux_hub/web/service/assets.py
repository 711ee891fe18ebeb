"""Files that never change under their address: style sheets, scripts and pictures, named by their content."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from hubs.ux_hub.web.errors import PageNotFound

FOLDER = Path(__file__).parents[1] / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True)
class Asset:
    """A file with its content type, its digest and its compressed form."""

    name: str
    media_type: str
    body: bytes
    packed: bytes
    digest: str


class Assets:
    """The files of a folder, read once."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._assets: dict[str, Asset] = {}
        for path in sorted(folder.iterdir()):
            if path.suffix in _TYPES:
                body = path.read_bytes()
                digest = hashlib.sha256(body).hexdigest()[:12]
                packed = body if path.suffix == ".png" else gzip.compress(body, 9, mtime=0)
                self._assets[path.name] = Asset(path.name, _TYPES[path.suffix], body, packed, digest)

    def url(self, name: str) -> str:
        """Return the address of a file, with its digest.

        Raises: KeyError for a file that is not there.
        """
        return f"/static/{self._assets[name].digest}/{name}"

    def get(self, name: str) -> Asset:
        """Return a file.

        Raises: PageNotFound.
        """
        try:
            return self._assets[name]
        except KeyError:
            raise PageNotFound(f"there is no file {name[:80]!r}") from None
