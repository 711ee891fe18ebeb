"""What a data directory says about its server: is it running, ready, and where is its socket."""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from shared.db.binaries import Account

PORT = 5432
# sockaddr_un.sun_path is 108 bytes on Linux and 104 on macOS, the closing zero included.
_SOCKET_PATH_BYTES = 103


@dataclass(frozen=True)
class Postmaster:
    """The server process as `postmaster.pid` describes it."""

    pid: int
    socket_directory: Path
    is_ready: bool


def find_postmaster(data: Path) -> Postmaster | None:
    """Return the running server of a data directory, None when there is none or only its stale file."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    if not lines or not lines[0].strip().isdigit() or not is_postgres(int(lines[0]), data):
        return None
    # The status is the eighth line; while the server starts, the last lines are missing.
    is_ready = len(lines) >= 8 and lines[7].strip() == "ready"
    return Postmaster(int(lines[0]), Path(lines[4]) if len(lines) > 4 else data, is_ready)


def is_postgres(pid: int, data: Path) -> bool:
    """Tell whether a process is the server of this data directory, not a later one with the same number."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
        command = ["ps", "-p", str(pid), "-o", "command="]
        listed = subprocess.run(command, capture_output=True, text=True, check=False)
        words = listed.stdout.split()
    return bool(words) and "postgres" in words[0] and str(data) in words[1:]


def socket_directory(home: Path, account: Account) -> Path:
    """Return the private folder of the server's socket: under `home`, or a short one when that is too long.

    The choice is kept in `home/socket`, so that the address stays the same over restarts.
    """
    inside = home / "run"
    if _fits(inside):
        inside.mkdir(mode=0o700, exist_ok=True)
        account.own(inside)
        return inside
    kept = home / "socket"
    if kept.exists() and _take(Path(kept.read_text().strip()), account):
        return Path(kept.read_text().strip())
    short = Path(tempfile.mkdtemp(prefix="openpolicy-", dir=_short_parent()))
    account.own(short)
    kept.write_text(f"{short}\n")
    return short


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= _SOCKET_PATH_BYTES


def _short_parent() -> Path:
    """Return the first usable folder whose name leaves room; a runtime directory that is gone is skipped."""
    candidates = [tempfile.gettempdir(), "/tmp"]  # noqa: S108 - the folder made in it is unguessable and private
    if os.geteuid() != 0 and (runtime := os.environ.get("XDG_RUNTIME_DIR")):
        candidates.insert(0, runtime)
    for candidate in map(Path, candidates):
        if candidate.is_dir() and os.access(candidate, os.W_OK) and _fits(candidate / "openpolicy-12345678"):
            return candidate
    return Path(tempfile.gettempdir())


def _take(folder: Path, account: Account) -> bool:
    """Use the folder chosen before, made again when a reboot removed it, unless it became somebody else's."""
    try:
        folder.mkdir(mode=0o700)
        account.own(folder)
    except FileExistsError:
        pass
    except OSError:
        return False
    return not folder.is_symlink() and folder.is_dir() and folder.stat().st_uid in {account.uid, os.geteuid()}
