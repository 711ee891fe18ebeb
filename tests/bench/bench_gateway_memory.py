"""Memory of the gateway over many requests of many callers and paths, and with a thousand streams open."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

from shared.core.memory import pss_mib
from shared.testing.ports import free_port
from shared.testing.processes import Processes
from tests.bench.bench_gateway import GATEWAY

REQUESTS, SLICES = int(os.environ.get("BENCH_REQUESTS", "200000")), 10
STREAMS = 1_000
_TELLING = ("http_requests_total", "gateway_upstream_failures_total", "gateway_limited_requests_total")
_HUB = Path(__file__).with_name("stream_hub.py")
_LOAD = Path(__file__).with_name("wrk_many.lua")


def _slope_kib(points: list[float], step: int) -> float:
    """Return KiB per 1,000 requests by least squares."""
    fit = statistics.linear_regression([n * step for n in range(len(points))], points)
    return float(fit.slope * 1024 * 1000)


async def _open_streams(port: int, count: int) -> list[asyncio.StreamWriter]:
    """Open streams and wait until each has brought its first event."""

    async def one() -> asyncio.StreamWriter:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /api/v1/changes/stream HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"data: 0\n\n"), 60)
        return writer

    opened: list[asyncio.StreamWriter] = []
    for start in range(0, count, 100):
        opened += await asyncio.gather(*(one() for _ in range(start, min(start + 100, count))))
    return opened


async def _streams(port: int, pid: int) -> None:
    before = pss_mib(pid)
    writers = await _open_streams(port, STREAMS)
    during = pss_mib(pid)
    for writer in writers:
        writer.close()
    await asyncio.sleep(3)
    each = (during - before) * 1024 / STREAMS
    print(
        f"{STREAMS} open streams: {before:.1f} -> {during:.1f} MiB ({each:.1f} KiB each),"
        f" {pss_mib(pid):.1f} after they left"
    )


def main() -> None:
    """Print PSS after each slice of requests, the slope of the second half, and the streams."""
    with tempfile.TemporaryDirectory(prefix="op-bench-") as name, Processes() as processes:
        hub, port = free_port(), free_port()
        processes.run(sys.executable, _HUB, str(hub), name="hub")
        environment = {
            "OP_DATA_DIR": name,
            "OP_HUBS__DATA": f"http://127.0.0.1:{hub}",
            "OP_HUBS__BUSINESS": f"http://127.0.0.1:{hub}",
            "OP_GATEWAY__POLICY": "",
            # Small, so that it is full early and turned over for the rest of the run.
            "OP_GATEWAY__CACHE_BYTES": str(4 * 2**20),
            "OP_GATEWAY__ANONYMOUS_PER_MINUTE": "100000000",
            "OP_GATEWAY__TRUSTED_PROXIES": '["127.0.0.0/8"]',
            "OP_LOG_LEVEL": "WARNING",
        }
        gateway = processes.run(sys.executable, "-c", GATEWAY, str(port), env=environment, name="gateway")
        gateway.wait_for_http(f"http://127.0.0.1:{port}/healthz")
        points, total = [], 0
        for _ in range(SLICES):
            done = 0
            while done < REQUESTS // SLICES:
                run = subprocess.run(
                    ["wrk", "-t1", "-c32", "-d4s", "--timeout", "30s", "-s", str(_LOAD), f"http://127.0.0.1:{port}"],
                    capture_output=True, text=True, check=True,
                )  # fmt: skip
                line = next(text for text in run.stdout.splitlines() if text.startswith("report "))
                requests, failed = (int(part) for part in line.split()[1:])
                if failed:
                    seen = httpx.get(f"http://127.0.0.1:{port}/metrics").text.splitlines()
                    raise RuntimeError("\n".join([run.stdout, *(s for s in seen if s.startswith(_TELLING))]))
                done += requests
            total += done
            points.append(pss_mib(gateway.pid))
            print(f"{total:>9} requests: {points[-1]:.1f} MiB", flush=True)
        half = points[len(points) // 2 :]
        print(f"second half: {_slope_kib(half, REQUESTS // SLICES):+.1f} KiB per 1,000 requests")
        # What a second round does not add was kept for reuse, not lost.
        for _ in range(2):
            asyncio.run(_streams(port, gateway.pid))


if __name__ == "__main__":
    main()
