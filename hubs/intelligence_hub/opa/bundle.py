"""Reading a signed policy bundle: every file listed, every hash right, by a key that is known (OPA bundle
format, openpolicyagent.org/docs/management-bundles).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from hubs.intelligence_hub.opa.errors import BadBundle

MAX_BYTES = 8 * 2**20
_SIGNATURES = ".signatures.json"
_MANIFEST = ".manifest"


@dataclass(frozen=True)
class Bundle:
    """Modules by their path, the data beside them, and what names this content."""

    revision: str
    modules: Mapping[str, str]
    data: Mapping[str, Any]


def read_bundle(body: bytes, keys: Mapping[str, str]) -> Bundle:
    """Return a bundle whose signature one of the keys (PEM by id) made.

    Raises: BadBundle.
    """
    files = _unpacked(body)
    _verify(files, keys)
    modules: dict[str, str] = {}
    data: dict[str, Any] = {}
    try:
        for path, content in files.items():
            *folders, name = path.split("/")
            if name.endswith(".rego"):
                modules[path] = content.decode()
            elif name == "data.json":
                inner = data
                for folder in folders[:-1]:
                    inner = inner.setdefault(folder, {})
                inner.update({folders[-1]: json.loads(content)} if folders else json.loads(content))
        revision = str(json.loads(files[_MANIFEST])["revision"])
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise BadBundle(f"the bundle cannot be read: {error}") from error
    return Bundle(revision, modules, data)


def _unpacked(body: bytes) -> dict[str, bytes]:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as packed:
            plain = packed.read(MAX_BYTES + 1)
        if len(plain) > MAX_BYTES:
            raise BadBundle(f"the bundle has more than {MAX_BYTES} bytes")
        with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
            files: dict[str, bytes] = {}
            for entry in tar:
                path = entry.name.removeprefix("./").lstrip("/")
                if not entry.isfile():
                    continue
                if path in files:
                    raise BadBundle(f"{path} is in the bundle twice")
                content = tar.extractfile(entry)
                files[path] = content.read() if content else b""
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise BadBundle(f"the bundle cannot be unpacked: {error}") from error
    return files


def _verify(files: dict[str, bytes], keys: Mapping[str, str]) -> None:
    try:
        tokens = json.loads(files.pop(_SIGNATURES))["signatures"]
        (token,) = tokens
        kid = str(json.loads(_decoded(token.partition(".")[0])).get("kid", ""))
        key = ECKey.import_key(keys[kid])
        payload = json.loads(jws.deserialize_compact(token, key, algorithms=["ES256"]).payload)
        listed = {entry["name"].lstrip("/"): entry for entry in payload["files"]}
    except (JoseError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise BadBundle(f"the bundle is not signed by a known key: {type(error).__name__}") from error
    if payload.get("scope", "write") != "write":
        raise BadBundle("the signature is for another purpose")
    for path, content in files.items():
        entry = listed.pop(path, None)
        if entry is None:
            raise BadBundle(f"{path} is not among what was signed")
        if entry.get("algorithm") != "SHA-256" or entry.get("hash") != hashlib.sha256(content).hexdigest():
            raise BadBundle(f"{path} is not as it was signed")
    if listed:
        raise BadBundle(f"{sorted(listed)[0]} is missing from the bundle")


def _decoded(part: str) -> bytes:
    import base64

    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
