"""``python -m shared.testing.install``: fetch the real servers and clients that the tests use, where we may.

What cannot be had is said in a line; the tests that need it then skip with the same reason.
"""

from __future__ import annotations

import sys
from pathlib import Path

from shared.testing.kustomize import ensure_kustomize
from shared.testing.packages import Unobtainable, ensure_file, ensure_program
from shared.testing.servers import opa_program

PROGRAMS = {
    "redis-server": "redis-server",
    "/usr/lib/rabbitmq/bin/rabbitmq-server": "rabbitmq-server",
    "/usr/lib/postgresql/15/bin/postgres": "postgresql",
    "chromium": "chromium",
    "prometheus": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "nginx": "nginx",
    "xmllint": "libxml2-utils",
}

FILES = {"/usr/lib/python3/dist-packages/sentry_sdk/__init__.py": "python3-sentry-sdk"}


def main() -> int:
    """Install each missing program; return 0 whatever could not be had."""
    for program, package in PROGRAMS.items():
        try:
            ensure_program(program, package)
        except Unobtainable as reason:
            print(f"without {program}: {reason}", file=sys.stderr)
    for path, package in FILES.items():
        try:
            ensure_file(Path(path), package)
        except Unobtainable as reason:
            print(f"without {path}: {reason}", file=sys.stderr)
    try:
        opa_program()
    except Unobtainable as reason:
        print(f"without opa: {reason}", file=sys.stderr)
    try:
        ensure_kustomize()
    except Unobtainable as reason:
        print(f"without kustomize: {reason}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
