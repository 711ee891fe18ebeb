"""Signing in with a password: alone and eight at a time, the memory meanwhile, beside one bare Argon2id hash."""

from __future__ import annotations

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher

from tests.bench.security_platform import Platform, platform

ALONE, TOGETHER, THREADS = 20, 160, 8


def sign_in(where: Platform, email: str, password: str) -> tuple[float, int]:
    """Sign in once and return seconds and status."""
    began = time.perf_counter()
    answer = where.http.post("/api/v1/auth/login", json={"login": email, "password": password})
    return time.perf_counter() - began, answer.status_code


def say(name: str, found: list[tuple[float, int]]) -> None:
    """Print the spread of the successful ones."""
    seconds = sorted(s for s, status in found if status == 200)
    others = sorted({status for _, status in found} - {200})
    middle, late = statistics.median(seconds) * 1_000, seconds[int(len(seconds) * 0.99)] * 1_000
    print(
        f"   {name:34} p50 {middle:7.1f} ms   p99 {late:7.1f} ms   {len(seconds)} of {len(found)} {others or ''}"
    )


def main() -> None:
    """Print durations and memory."""
    hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
    began, spent = time.perf_counter(), time.process_time()
    for _ in range(10):
        hasher.hash("a password to hash")
    wall, bare = (time.perf_counter() - began) * 100, (time.process_time() - spent) * 100
    print(f"   {'one bare Argon2id hash':34}     {wall:7.1f} ms   processor {bare:7.1f} ms")
    with platform() as where:
        email, password = where.administrator()
        sign_in(where, email, password)
        cpu = sum(where.process.cpu_times()[:2])
        say("one at a time", [sign_in(where, email, password) for _ in range(ALONE)])
        each = (sum(where.process.cpu_times()[:2]) - cpu) * 1_000 / ALONE
        print(f"   {'':34} processor {each:7.1f} ms a sign-in, {each / bare:.2f} of a bare hash")
        before, peak, stop = where.process.memory_info().rss, [0], threading.Event()

        def watch() -> None:
            while not stop.wait(0.01):
                peak[0] = max(peak[0], where.process.memory_info().rss)

        watcher = threading.Thread(target=watch)
        watcher.start()
        began = time.perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            found = list(pool.map(lambda _: sign_in(where, email, password), range(TOGETHER)))
        seconds = time.perf_counter() - began
        stop.set()
        watcher.join()
        say(f"{THREADS} at a time", found)
        print(f"   {'':34} {TOGETHER / seconds:7.1f} sign-ins/s")
        after = where.process.memory_info().rss
        mib = [f"{size / 2**20:.0f}" for size in (before, peak[0], after)]
        print(f"   memory before, highest, after      {' / '.join(mib)} MiB (a hash takes 19)")


if __name__ == "__main__":
    main()
