"""Run the miniature as a process: `python -m services.miniature --port 0` prints its port as a JSON line."""

import argparse
import json
import signal
import threading
from types import FrameType

from services.miniature.server import MiniatureServer
from services.miniature.world import World


def main() -> int:
    """Serve until SIGINT or SIGTERM; the first line on stdout says where."""
    parser = argparse.ArgumentParser(prog="python -m services.miniature", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 picks a free one")
    parser.add_argument("--extra-divisions", type=int, default=0, help="further recorded votes, for benches")
    given = parser.parse_args()
    world = World()
    if given.extra_divisions:
        world = world.with_extra_divisions(given.extra_divisions)
    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with MiniatureServer(given.port, world) as server:
        print(json.dumps({"port": server.port, "url": server.url}), flush=True)
        stopped.wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
