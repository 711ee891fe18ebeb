"""Free TCP ports on the loopback interface."""

import random
import socket

# Below the range from which the kernel takes the ports of outgoing connections.
_RANGE = range(10_240, 32_000)
_given: set[int] = set()


def free_port() -> int:
    """Return a port that nobody listens on, and that this process was not given before.

    Raises: RuntimeError when none is found.
    """
    for _ in range(1000):
        port = random.choice(_RANGE)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    raise RuntimeError("no free port")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
