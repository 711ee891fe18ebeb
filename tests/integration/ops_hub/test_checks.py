"""How each kind of target is asked, over real sockets; and what its answers mean."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hubs.ops_hub.health.checks import (
    backup_check,
    certificate_check,
    disk_check,
    http_check,
    newest_file,
    redis_check,
    schedules_check,
    sources_check,
)
from hubs.ops_hub.health.service import run_check
from hubs.ops_hub.health.targets import Check, Outcome, Target
from shared.core.clock import utc_now
from shared.testing.ports import free_port


def outcome(check: Check) -> Outcome:
    return run_check(Target("it", check))


@contextmanager
def answering(replies: list[bytes], context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that reads once and answers with each reply in turn, one per connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for reply in replies:
            try:
                connection, _ = listener.accept()
                with connection:
                    if context is not None:
                        connection = context.wrap_socket(connection, server_side=True)
                    connection.recv(4096)
                    connection.sendall(reply)
            except OSError:
                continue

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


@pytest.mark.parametrize(
    ("reply", "password", "state", "reason"),
    [
        (b"+PONG\r\n", "", "up", ""),
        (b"+OK\r\n+PONG\r\n", "hunter2", "up", ""),
        (b"-NOAUTH Authentication required.\r\n", "", "down", "NOAUTH"),
        (b"-WRONGPASS invalid\r\n", "hunter2", "down", "WRONGPASS"),
        (b"-LOADING Redis is loading\r\n", "", "down", "LOADING"),
        (b"", "", "down", "closed the connection"),
    ],
)
def test_redis_is_up_when_it_says_pong(reply: bytes, password: str, state: str, reason: str) -> None:
    with answering([reply]) as port:
        found = outcome(redis_check(f"redis://:{password}@127.0.0.1:{port}/0", 2.0))
    assert found.state == state
    assert reason in found.reason
    assert "hunter2" not in found.reason


def test_a_hub_says_itself_what_it_is_missing() -> None:
    problem = b'{"detail": "not ready: database", "failing": {"database": "gone", "opa": "gone"}}'
    head = b"HTTP/1.1 503 X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(problem)
    with answering([head + problem]) as port, httpx.Client(trust_env=False) as client:
        found = outcome(http_check(client, f"http://127.0.0.1:{port}/readyz", 2.0))
    assert (found.state, found.reason) == ("down", "not ready: database")
    assert found.blames == {"postgresql", "opa"}


def test_a_hub_that_is_gone_or_speaks_nonsense_is_down() -> None:
    with httpx.Client(trust_env=False) as client:
        assert outcome(http_check(client, f"http://127.0.0.1:{free_port()}/readyz", 2.0)).state == "down"
        with answering([b"HTTP/1.1 500 X\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]"]) as port:
            found = outcome(http_check(client, f"http://127.0.0.1:{port}/readyz", 2.0))
    assert (found.state, found.reason) == ("down", "answered 500")


def certificate(folder: Path, days: int) -> ssl.SSLContext:
    """A server's context with a certificate of its own making, trusted by whoever reads `folder/ca.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    begin = utc_now() - timedelta(days=30)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(utc_now() + timedelta(days=days, hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "ca.pem").write_bytes(pem)
    (folder / "server.pem").write_bytes(private + pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


@pytest.mark.parametrize(("days", "state"), [(90, "up"), (5, "degraded"), (-1, "down")])
def test_a_certificate_is_watched_before_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, state: str
) -> None:
    context = certificate(tmp_path, days)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with answering([b""], context) as port:
        found = outcome(certificate_check([f"localhost:{port}"], 14, 2.0))
    assert found.state == state, found.reason


def test_a_certificate_that_nobody_vouches_for_is_down(tmp_path: Path) -> None:
    with answering([b""], certificate(tmp_path, 90)) as port:
        found = outcome(certificate_check([f"localhost:{port}"], 14, 2.0))
    assert found.state == "down"
    assert "not valid" in found.reason


@pytest.mark.parametrize(("free", "state"), [(50, "up"), (5, "degraded"), (0, "down")])
def test_a_disk_warns_before_it_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    usage = shutil._ntuple_diskusage(100 * 2**20, (100 - free) * 2**20, free * 2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert outcome(disk_check(tmp_path, 90)).state == state


def test_a_backup_is_missed_and_grows_old(tmp_path: Path) -> None:
    check = backup_check(lambda: newest_file(tmp_path), timedelta(hours=26))
    assert outcome(check).reason == "there is no backup"
    (tmp_path / "today").mkdir()
    dump = tmp_path / "today" / "op.dump"
    dump.write_text("x")
    assert outcome(check).state == "up"
    old = (utc_now() - timedelta(hours=30)).timestamp()
    os.utime(dump, (old, old))
    assert "30 hours old" in outcome(check).reason
    assert (
        outcome(backup_check(lambda: newest_file(tmp_path / "nowhere"), timedelta(hours=1))).state == "down"
    )


def schedule(name: str, minutes: int, *, is_paused: bool = False) -> dict[str, object]:
    at = (utc_now() + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
    return {"name": name, "is_paused": is_paused, "next_run_at": at}


def test_a_schedule_whose_time_has_passed_is_late_unless_it_is_paused() -> None:
    rows = [schedule("soon", 10), schedule("just now", -1), schedule("paused", -600, is_paused=True)]
    assert outcome(schedules_check(lambda *_: rows)).state == "up"
    rows.append(schedule("nightly", -30))
    found = outcome(schedules_check(lambda *_: rows))
    assert (found.state, found.reason) == ("degraded", "late: nightly")


def test_a_source_is_judged_by_its_last_finished_run() -> None:
    rows = [
        {"source_id": "toronto", "state": "running"},
        {"source_id": "toronto", "state": "succeeded"},
        {"source_id": "toronto", "state": "failed"},
        {"source_id": "ottawa", "state": "cancelled"},
    ]
    assert outcome(sources_check(lambda *_: rows)).state == "up"
    rows.append({"source_id": "ottawa", "state": "timed_out"})
    found = outcome(sources_check(lambda *_: rows))
    assert (found.state, found.reason) == ("degraded", "1 of 2 sources failed at their last run: ottawa")
