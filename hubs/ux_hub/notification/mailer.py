"""``python -m hubs.ux_hub.notification.mailer FOLDER``: send what is in the spool, then end.

A process of its own (12 MiB, there only while there is mail): it outlives a hub that is killed, so the hub's
death at any point between the server's acceptance and our note of it doubles no message. One runs at a time.
"""

from __future__ import annotations

import fcntl
import json
import smtplib
import ssl
import sys
import time
from pathlib import Path
from typing import NamedTuple

from hubs.ux_hub.notification.spool import Spool

_IDLE_S = 3.0
_PAUSE_S = 0.2
_MAX_PER_CONNECTION = 50


class Server(NamedTuple):
    """Where to send; what the hub wrote on our standard input."""

    host: str
    port: int
    username: str
    password: str
    start_tls: bool
    timeout_s: float


def main(arguments: list[str]) -> int:
    """Send until the spool has been empty for a few seconds; 1 when another mailer is at work."""
    spool = Spool(Path(arguments[0]))
    server = Server(**json.loads(sys.stdin.buffer.read()))
    with (spool.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return 1
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < _IDLE_S:
            names = spool.waiting()[:_MAX_PER_CONNECTION]
            if names:
                if not _send(spool, server, names):
                    return 2
                quiet_since = time.monotonic()
            else:
                time.sleep(_PAUSE_S)
    return 0


def _send(spool: Spool, server: Server, names: list[str]) -> bool:
    """Send some messages over one connection; False when the server cannot be reached."""
    try:
        connection = _connect(server)
    except (OSError, smtplib.SMTPException) as error:
        print(f"mail server: {error}", file=sys.stderr)
        return False
    with connection:
        for name in names:
            sender, recipient, message = spool.take(name)
            try:
                connection.sendmail(sender, [recipient], message)
            except smtplib.SMTPRecipientsRefused as error:
                code, text = next(iter(error.recipients.values()))
                _refused(spool, name, code, text)
            except smtplib.SMTPResponseException as error:
                _refused(spool, name, error.smtp_code, error.smtp_error)
            except (OSError, smtplib.SMTPException) as error:
                # The connection broke; whether the server took it is unknown. It is sent again under the
                # same Message-ID, by which receivers tell a repetition.
                print(f"{name}: {error}", file=sys.stderr)
                spool.give_back(name)
                return False
            else:
                spool.settle(name, {"is_sent": True})
    return True


def _refused(spool: Spool, name: str, code: int, text: bytes | str) -> None:
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    spool.settle(name, {"is_sent": False, "code": code, "error": said[:500]})


def _connect(server: Server) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.port == 465:
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=server.timeout_s, context=context
        )
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
        if server.start_tls:
            connection.starttls(context=context)
    if server.username:
        connection.login(server.username, server.password)
    return connection


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
