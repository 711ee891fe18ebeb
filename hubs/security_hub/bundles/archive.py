"""Writing a bundle: the same content gives the same bytes, and a signature over every file (OPA bundle
format).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Sign = Callable[[dict[str, Any]], str]
SIGNATURES = ".signatures.json"


def canonical(value: Any) -> bytes:
    """Return JSON as OPA hashes it: keys sorted, compact, not escaped but for the two line separators."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").encode()


def content_files(
    revision: str, roots: Sequence[str], sources: Mapping[str, str], data: Mapping[str, Any]
) -> dict[str, bytes]:
    """Return the files of a bundle; ``sources`` and ``data`` by their path below the top."""
    manifest = {"revision": revision, "roots": sorted(roots), "rego_version": 1}
    files = {".manifest": canonical(manifest)}
    files |= {path: text.encode() for path, text in sources.items()}
    files |= {f"{path}/data.json".lstrip("/"): canonical(value) for path, value in data.items()}
    return files


def revision_of(files: Mapping[str, bytes]) -> str:
    """Return what names this content, whenever it is built."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{len(name)}:{name}{len(files[name])}:".encode() + files[name])
    return digest.hexdigest()[:20]


def write(files: Mapping[str, bytes], sign: Sign) -> bytes:
    """Return the gzipped tar of signed files; no clock, no owner, no order of chance goes into it."""
    listed = [
        {"name": name, "hash": hashlib.sha256(body).hexdigest(), "algorithm": "SHA-256"}
        for name, body in sorted(files.items())
    ]
    signatures = canonical({"signatures": [sign({"files": listed})]})
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, body in sorted({**files, SIGNATURES: signatures}.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(body), 0o644
            tar.addfile(entry, io.BytesIO(body))
    return gzip.compress(out.getvalue(), mtime=0)
