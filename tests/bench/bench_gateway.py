"""The gateway beside nginx and haproxy over one upstream in one run: added latency, requests per second."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from shared.auth import ALGORITHMS
from shared.core.memory import pss_mib
from shared.testing.ports import free_port
from shared.testing.processes import Processes

_SECONDS = 5
_WRK = re.compile(r"Requests/sec:\s+([0-9.]+)")
_PROXY_CORE, _OTHER_CORE = "0", "1"

_NGINX = """
daemon off; worker_processes 1; pid {dir}/pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p;
  fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  upstream up {{ server 127.0.0.1:{upstream}; keepalive 64; }}
  server {{ listen 127.0.0.1:{port};
    location / {{ {body} }} }} }}
"""
_ANSWER = "default_type application/json; {cache} return 200 '{payload}';"
_PASS = 'proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";'
_HAPROXY = """
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  http-reuse always
frontend f
  bind 127.0.0.1:{port}
  default_backend b
backend b
  server s 127.0.0.1:{upstream}
"""
GATEWAY = """
import sys
import uvicorn
from hubs.ux_hub.api_gateway.listening import BoundedProtocol
from hubs.ux_hub.app import create_app
uvicorn.run(create_app(), port=int(sys.argv[1]), loop="uvloop", http=BoundedProtocol, log_config=None,
            access_log=False, server_header=False, proxy_headers=False)
"""
_HUB = """
import json, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
keys, token = sys.argv[2].encode(), sys.argv[3]
class Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self, body):
        self.send_response(200); self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def do_GET(self): self.answer(keys)
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/v1/data"): self.answer(b'{"result":{"allow":true}}')
        else: self.answer(json.dumps({"access_token": token, "expires_in": 900}).encode())
    def log_message(self, *a): pass
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Hub).serve_forever()
"""


def _token(issuer: str) -> tuple[str, str]:
    """Return a key set and a token that it verifies."""
    from joserfc import jwt
    from joserfc.jwk import ECKey

    key = ECKey.generate_key("P-256", parameters={"kid": "bench", "use": "sig", "alg": ALGORITHMS[0]})
    now = int(time.time())
    claims = {"iss": issuer, "sub": "bench", "aud": ["openpolicy"], "iat": now, "exp": now + 3_600}
    claims |= {"kind": "service", "scope": "data:read", "client_id": "bench"}
    token = jwt.encode({"alg": ALGORITHMS[0], "typ": "at+jwt", "kid": "bench"}, claims, key)
    return json.dumps({"keys": [key.as_dict(private=False)]}), token


def _wrk(url: str, connections: int, token: str, seconds: int = _SECONDS) -> tuple[float, float, float]:
    """Return requests per second, p50 and p99 in milliseconds."""
    script = Path(__file__).with_name("wrk_report.lua")
    command = [
        "taskset",
        "-c",
        _OTHER_CORE,
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "-s",
        str(script),
    ]
    done = subprocess.run(
        [*command, "-H", f"Authorization: Bearer {token}", url], capture_output=True, text=True, check=True
    )
    line = next(text for text in done.stdout.splitlines() if text.startswith("report "))
    rps, p50, p99, errors = (float(part) for part in line.split()[1:])
    if errors:
        raise RuntimeError(f"{errors:g} failed requests:\n{done.stdout}")
    return rps, p50, p99


class _Bench(NamedTuple):
    urls: dict[str, str]
    pids: dict[str, int]
    token: str


@contextlib.contextmanager
def _running(processes: Processes, folder: Path) -> Iterator[_Bench]:
    """Start upstream and proxies; yield name to URL. The proxies share one core, everything else the other."""
    issuer_port, upstream, cached = free_port(), free_port(), free_port()
    issuer = f"http://127.0.0.1:{issuer_port}"
    keys, token = _token(issuer)
    payload = json.dumps({"data": [{"id": n, "title": "An Act to amend the Act"} for n in range(8)]})
    urls = {"direct": f"http://127.0.0.1:{upstream}"}

    def nginx(name: str, port: int, body: str, core: str) -> int:
        place = folder / name
        place.mkdir()
        text = _NGINX.format(dir=place, upstream=upstream, port=port, body=body)
        (place / "nginx.conf").write_text(text)
        command = ("taskset", "-c", core, "nginx", "-c", place / "nginx.conf", "-p", place)
        return processes.run(*command, name=name).pid

    nginx("upstream", upstream, _ANSWER.format(cache="", payload=payload), _OTHER_CORE)
    cacheable = 'add_header Cache-Control "public, max-age=3600"; add_header ETag \'"1"\';'
    nginx("cacheable", cached, _ANSWER.format(cache=cacheable, payload=payload), _OTHER_CORE)
    has_haproxy = shutil.which("haproxy") is not None
    if not has_haproxy:
        print("no haproxy here: its row is missing")
    names = ("nginx", "haproxy", "bare loop", "gateway")
    ports = {name: free_port() for name in names if name != "haproxy" or has_haproxy}
    pids = {"nginx": nginx("nginx", ports["nginx"], _PASS, _PROXY_CORE)}
    if has_haproxy:
        (folder / "haproxy.cfg").write_text(_HAPROXY.format(port=ports["haproxy"], upstream=upstream))
        command = ("taskset", "-c", _PROXY_CORE, "haproxy", "-f", folder / "haproxy.cfg")
        pids["haproxy"] = processes.run(*command, name="haproxy").pid
    bare = processes.run(
        "taskset", "-c", _PROXY_CORE, sys.executable, Path(__file__).with_name("bare_loop.py"),
        str(ports["bare loop"]), urls["direct"],
    )  # fmt: skip
    pids["bare loop"] = bare.wait_for_http(f"http://127.0.0.1:{ports['bare loop']}/").pid
    hub = processes.python("-c", _HUB, str(issuer_port), keys, token, name="security")
    environment = {
        "OP_DATA_DIR": str(folder),
        "OP_HUBS__SECURITY": issuer,
        "OP_HUBS__INTELLIGENCE": issuer,
        "OP_HUBS__DATA": urls["direct"],
        "OP_HUBS__BUSINESS": f"http://127.0.0.1:{cached}",
        "OP_GATEWAY__SERVICE_PER_MINUTE": "100000000",
        "OP_LOG_LEVEL": "WARNING",
    }
    gateway = processes.run(
        "taskset", "-c", _PROXY_CORE, sys.executable, "-c", GATEWAY, str(ports["gateway"]),
        env=environment, name="gateway",
    )  # fmt: skip
    urls |= {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    urls["gateway, cached"] = urls["gateway"]
    hub.wait_for_http(issuer)
    gateway.wait_for_http(f"{urls['gateway']}/healthz")
    pids["gateway"] = pids["gateway, cached"] = gateway.pid
    yield _Bench(urls, pids, token)


def _cpu_s(pid: int) -> float:
    """Return the CPU seconds that a process and its children have used."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(stat.parent.name) == pid or int(fields[1]) == pid:
                total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def main() -> None:
    """Print one row per proxy."""
    with tempfile.TemporaryDirectory(prefix="op-bench-") as name, Processes() as processes:
        os.environ.setdefault("OP_ENVIRONMENT", "embedded")
        with _running(processes, Path(name)) as bench:
            base: tuple[float, float] | None = None
            head = ("p50 added", "p99 added", "p50", "p99", "req/s at 32", "CPU us/req", "req/CPU second")
            print(f"{'milliseconds':<17}" + "".join(f"{name:>15}" for name in head))
            rates, cpu = {}, {}
            for label, url in bench.urls.items():
                path = "/api/v1/jobs" if "cached" in label else "/api/v1/bills?limit=8"
                _wrk(url + path, 32, bench.token, 1)
                _, p50, p99 = _wrk(url + path, 1, bench.token)
                pid = bench.pids.get(label)
                before = _cpu_s(pid) if pid else 0.0
                rates[label], *_ = _wrk(url + path, 32, bench.token)
                # What a core could do when nobody else wants it: other processes share this machine.
                cpu[label] = (_cpu_s(pid) - before) / (rates[label] * _SECONDS) * 1e6 if pid else 0.0
                base = base or (p50, p99)
                row = [f"{p50 - base[0]:.3f}", f"{p99 - base[1]:.3f}", f"{p50:.3f}", f"{p99:.3f}"]
                row += [f"{rates[label]:.0f}", f"{cpu[label]:.0f}"]
                row += [f"{1e6 / cpu[label]:.0f}" if cpu[label] else ""]
                print(f"{label:<17}" + "".join(f"{cell:>15}" for cell in row), flush=True)
            print(f"gateway / nginx {rates['gateway'] / rates['nginx']:.2f}; ", end="")
            print(f"gateway / bare loop, CPU {cpu['gateway'] / cpu['bare loop']:.2f}; ", end="")
            print(f"cached / forwarded {rates['gateway, cached'] / rates['gateway']:.2f}; ", end="")
            print(f"PSS of the gateway after it all {pss_mib(bench.pids['gateway']):.0f} MiB")


if __name__ == "__main__":
    main()
