"""Debian packages that the tests need: installed once, where they are missing and we may."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

INSTALL_TIMEOUT_SECONDS = 600
_POLICY = Path("/usr/sbin/policy-rc.d")


class Unobtainable(RuntimeError):
    """A program is missing and cannot be installed here; says why."""


def ensure_program(program: str | Path, package: str) -> Path:
    """Return the path of a program, installing its Debian package first where it is missing.

    `OPENPOLICY_TEST_INSTALL=0` forbids installing. Raises: Unobtainable.
    """
    if found := shutil.which(program):
        return Path(found)
    _install(program, package)
    if found := shutil.which(program):
        return Path(found)
    raise Unobtainable(f"package {package} has no {program}")


def ensure_file(path: Path, package: str) -> Path:
    """Return a file that a Debian package holds, installing the package first where it is missing.

    Raises: Unobtainable.
    """
    if not path.exists():
        _install(path, package)
    if not path.exists():
        raise Unobtainable(f"package {package} has no {path}")
    return path


def _install(program: str | Path, package: str) -> None:
    if os.environ.get("OPENPOLICY_TEST_INSTALL") == "0":
        raise Unobtainable(f"{program} is missing and OPENPOLICY_TEST_INSTALL=0 forbids installing {package}")
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Unobtainable(f"{program} is missing; installing {package} needs root and apt-get")
    # Test workers start together: one installs, the others wait and find it there.
    lock_path = Path(tempfile.gettempdir()) / f"openpolicy-apt-{os.geteuid()}.lock"
    with lock_path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if shutil.which(program):
            return
        had_policy = _POLICY.exists()
        if not had_policy:
            # Keeps the package from starting its own service.
            _POLICY.write_text("#!/bin/sh\nexit 101\n")
            _POLICY.chmod(0o755)
        try:
            if _apt("install", "-y", "--no-install-recommends", package).returncode != 0:
                _apt("update")
                tried = _apt("install", "-y", "--no-install-recommends", package)
                if tried.returncode != 0:
                    raise Unobtainable(f"{package} could not be installed: {tried.stderr.strip()[-500:]}")
        finally:
            if not had_policy:
                _POLICY.unlink()


def _apt(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["apt-get", "-o", "DPkg::Lock::Timeout=300", *words],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=INSTALL_TIMEOUT_SECONDS,
        check=False,
    )
