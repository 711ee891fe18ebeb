"""The launchers of real servers: they answer, they come back after a kill, and they leave nothing behind."""

import json
import signal
from pathlib import Path

import httpx
import pika
import pika.exceptions
import psycopg
import pytest
import redis

from shared.db.dsn import libpq_dsn
from shared.testing.ports import free_port
from shared.testing.processes import Processes, ProcessFailed, answers, wait_until
from shared.testing.rabbitmq import RealRabbit
from shared.testing.servers import RealOpa, RealPostgres, RealRedis, accepts


def is_gone(pid: int) -> bool:
    """Tell whether no process of that number is left, zombies aside."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_postgres_is_the_supported_version_and_not_ours(postgres_server: RealPostgres) -> None:
    with psycopg.connect(libpq_dsn(postgres_server.admin_url)) as connection:
        row = connection.execute("SELECT current_setting('server_version_num')::int").fetchone()
    assert row is not None
    assert row[0] >= 150000


def test_a_stopped_postgres_leaves_no_process_and_no_folder() -> None:
    server = RealPostgres()
    server.start()
    pid = server.pid
    with psycopg.connect(libpq_dsn(server.admin_url)):
        server.stop()
    assert is_gone(pid)
    assert not server.folder.exists()
    server.stop()


def test_redis_keeps_nothing_over_a_kill_but_its_port(redis_server: RealRedis) -> None:
    server = RealRedis()
    try:
        server.start()
        client = redis.Redis.from_url(server.url)
        assert client.set("k", 1)
        client.close()
        server.kill()
        assert not accepts(server.port)
        server.start()
        client = redis.Redis.from_url(server.url)
        assert client.get("k") is None
        client.close()
        assert server.port != redis_server.port
    finally:
        server.stop()


def test_rabbitmq_keeps_persistent_messages_over_a_kill_and_stops_with_its_name_server() -> None:
    server = RealRabbit()
    try:
        server.start()
        publish(server, b"kept")
        assert server._epmd is not None
        epmd, first = server._epmd.pid, server.pid
        server.kill()
        assert is_gone(first)
        server.start()
        assert server.pid != first
        assert consume(server) == b"kept"
        publish(server, b"again")
        server.pause()
        server.start()
        assert consume(server) == b"again"
        overview = httpx.get(f"{server.management_url}/api/overview", trust_env=False).json()
        assert overview["node"] == f"{server.folder.name}@localhost"
        node = server.pid
    finally:
        server.stop()
    assert is_gone(node)
    assert is_gone(epmd)
    assert not server.folder.exists()


def publish(server: RealRabbit, body: bytes) -> None:
    with pika.BlockingConnection(pika.URLParameters(server.url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare("q", durable=True)
        channel.basic_publish("", "q", body, pika.BasicProperties(delivery_mode=2))


def consume(server: RealRabbit) -> bytes | None:
    with pika.BlockingConnection(pika.URLParameters(server.url)) as connection:
        body: bytes | None = connection.channel().basic_get("q", auto_ack=True)[2]
        return body


def test_two_rabbitmq_nodes_live_side_by_side(rabbitmq_server: RealRabbit) -> None:
    other = RealRabbit()
    try:
        other.start()
        publish(other, b"here")
        with pika.BlockingConnection(pika.URLParameters(rabbitmq_server.url)) as connection:
            channel = connection.channel()
            with pytest.raises(pika.exceptions.ChannelClosedByBroker):
                channel.queue_declare("q", passive=True)
    finally:
        other.stop()


def test_opa_answers_a_policy(opa_server: RealOpa) -> None:
    rego = "package tests\n\nallow if input.age >= 18\n"
    with httpx.Client(base_url=opa_server.url, trust_env=False) as client:
        assert client.put("/v1/policies/tests", content=rego).is_success
        answer = client.post("/v1/data/tests/allow", content=json.dumps({"input": {"age": 20}}))
    assert answer.json()["result"] is True


def test_a_process_is_waited_for_killed_and_cleaned_up_with_its_children() -> None:
    port = free_port()
    with Processes() as processes:
        server = processes.python("-m", "http.server", str(port), "--bind", "127.0.0.1")
        server.wait_for_http(f"http://127.0.0.1:{port}/", timeout=60)
        server.kill()
        assert server.popen.returncode == -signal.SIGKILL
        assert not answers(f"http://127.0.0.1:{port}/")
        code = (
            "import subprocess, time; p = subprocess.Popen(['sleep', '600']); print(p.pid); time.sleep(600)"
        )
        parent = processes.python("-c", code).wait_for_output("\n")
        child = int(parent.output())
        assert not is_gone(child)
    wait_until(lambda: is_gone(child), timeout=10)
    assert not parent.is_running


def test_a_process_that_ends_too_soon_says_what_it_said(processes: Processes) -> None:
    failing = processes.python("-c", "print('no such port'); raise SystemExit(3)")
    with pytest.raises(ProcessFailed, match=r"(?s)ended with 3.*no such port"):
        failing.wait_for_http("http://127.0.0.1:1/")
    waiting = processes.python("-c", "import time; time.sleep(600)")
    with pytest.raises(ProcessFailed, match=r"within 0\.3 s"):
        waiting.wait_for_output("never", timeout=0.3)
    assert waiting.terminate() == -signal.SIGTERM


def test_ports_are_free_and_given_once() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert not any(accepts(port) for port in ports)
