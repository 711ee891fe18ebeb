"""Signed checkpoints: the C2SP ``tlog-checkpoint`` inside a ``signed-note``, with Ed25519."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hubs.intelligence_hub.audit.leaves import instant

_ED25519 = b"\x01"
_KEY_ID_BYTES = 4


@dataclass(frozen=True)
class Checkpoint:
    """A signed statement: the log ``origin`` had ``size`` entries under ``root``."""

    origin: str
    size: int
    root: bytes
    extension: str = ""
    """One further line of ours, see ``stamp``; other readers pass over it."""

    def text(self) -> str:
        """Return the signed text (its last line break included)."""
        more = f"{self.extension}\n" if self.extension else ""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n{more}"


def stamp(moment: datetime, previous: int) -> str:
    """Return the line that ties a checkpoint to its moment and to the size of the one given out before."""
    return f"openpolicy {instant(moment)} after {previous}"


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:_KEY_ID_BYTES]


class NoteSigner:
    """Signs checkpoints under a name with a key made from a 32-byte seed."""

    def __init__(self, name: str, seed: bytes) -> None:
        self.name = name
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def verifier_key(self) -> str:
        """Return the verifier key: ``name+hash+base64(type || key)``."""
        key_id = _key_id(self.name, self._public).hex()
        return f"{self.name}+{key_id}+{base64.b64encode(_ED25519 + self._public).decode()}"

    def sign(self, checkpoint: Checkpoint) -> str:
        """Return the signed note of a checkpoint."""
        text = checkpoint.text()
        signature = _key_id(self.name, self._public) + self._key.sign(text.encode())
        return f"{text}\n— {self.name} {base64.b64encode(signature).decode()}\n"


def open_note(note: str, verifier_key: str) -> Checkpoint:
    """Return the checkpoint of a note.

    Raises: ValueError when it is not signed by that key or is no checkpoint.
    """
    name, _, rest = verifier_key.partition("+")
    key_id, _, encoded = rest.partition("+")
    raw = base64.b64decode(encoded)
    public = Ed25519PublicKey.from_public_bytes(raw[1:])
    text, _, signatures = note.partition("\n\n")
    text += "\n"
    for line in signatures.splitlines():
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "—" or parts[1] != name:
            continue
        blob = base64.b64decode(parts[2])
        if blob[:_KEY_ID_BYTES].hex() != key_id:
            continue
        try:
            public.verify(blob[_KEY_ID_BYTES:], text.encode())
        except InvalidSignature:
            break
        origin, size, root, *more = text.splitlines()
        return Checkpoint(origin, int(size), base64.b64decode(root), more[0] if more else "")
    raise ValueError("the checkpoint is not signed by this key")
