"""The spool: messages on their way to the mail server, each a file that is in exactly one folder.

``new`` (written by the hub) to ``cur`` (the mailer holds it) to ``sent`` or ``failed`` (read by the hub, then
removed). Files move by rename, so that killing the hub at any point neither loses nor doubles a message.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

FOLDERS = ("new", "cur", "sent", "failed", "tmp")


class Spool:
    """The folder ``data_dir/mail``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)

    def holds(self, name: str) -> bool:
        """Tell whether a message is somewhere on its way."""
        return any((self.folder / place / name).exists() for place in ("new", "cur", "sent", "failed"))

    def put(self, name: str, sender: str, recipient: str, message: bytes) -> None:
        """Add a message, unless it is on its way already."""
        if self.holds(name):
            return
        head = json.dumps({"sender": sender, "recipient": recipient}).encode()
        draft = self.folder / "tmp" / name
        with draft.open("wb") as file:
            file.write(head + b"\n" + message)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self.folder / "new" / name)

    def waiting(self) -> list[str]:
        """Return the names of messages to be sent, oldest first; those of a mailer that died come first."""
        return sorted(p.name for p in (self.folder / "cur").iterdir()) + sorted(
            p.name for p in (self.folder / "new").iterdir()
        )

    def take(self, name: str) -> tuple[str, str, bytes]:
        """Hold a message and return sender, recipient and its bytes."""
        held = self.folder / "cur" / name
        if not held.exists():
            (self.folder / "new" / name).rename(held)
        head, _, message = held.read_bytes().partition(b"\n")
        known = json.loads(head)
        return known["sender"], known["recipient"], message

    def give_back(self, name: str) -> None:
        """Return a held message to those waiting."""
        (self.folder / "cur" / name).rename(self.folder / "new" / name)

    def settle(self, name: str, outcome: dict[str, Any]) -> None:
        """Say what became of a held message; ``is_sent`` decides where it goes."""
        held = self.folder / "cur" / name
        place = "sent" if outcome["is_sent"] else "failed"
        if place == "failed":
            report = self.folder / "tmp" / name
            report.write_text(json.dumps(outcome))
            report.rename(self.folder / place / name)
            held.unlink()
        else:
            held.rename(self.folder / place / name)

    def results(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what was settled since and not yet forgotten."""
        found = [(p.name, {"is_sent": True}) for p in (self.folder / "sent").iterdir()]
        found += [(p.name, json.loads(p.read_bytes())) for p in (self.folder / "failed").iterdir()]
        return found

    def forget(self, name: str) -> None:
        """Remove a settled message; its outcome stands in the database."""
        for place in ("sent", "failed"):
            (self.folder / place / name).unlink(missing_ok=True)
