"""Print the part of requirements.lock that one image needs: `select_lock.py hub|scraper|build`."""

import re
import sys
import tomllib
from pathlib import Path

_NAME = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?")


def canonical(name: str) -> str:
    """Return a distribution's name as the lock spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def blocks(lock: str) -> dict[str, tuple[str, set[str]]]:
    """Return each locked package's lines and the packages it is there for."""
    found: dict[str, tuple[str, set[str]]] = {}
    for block in re.split(r"(?m)^(?=[A-Za-z0-9])", lock):
        match = _NAME.match(block)
        if match:
            parents = re.findall(r"(?m)^ +#(?: via)? +([A-Za-z0-9._-]+)", block.replace("# via\n", "#\n"))
            # One package may stand there in several versions, each for some versions of Python.
            before, known = found.get(canonical(match[1]), ("", set()))
            found[canonical(match[1])] = (before + block, known | {canonical(p) for p in parents} - {"via"})
    return found


def wanted(component: str, root: Path) -> set[str]:
    """Return the direct dependencies of an image. Raises: KeyError for an unknown image or dependency."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    entries = list(project["dependencies"])
    if component == "build":
        entries += [entry for extra in project["optional-dependencies"].values() for entry in extra]
    direct = {canonical(match[1]) for entry in entries if (match := _NAME.match(entry))}
    rules = tomllib.loads((root / "deploy/images/components.toml").read_text(encoding="utf-8"))[component]
    named = {canonical(name) for name in rules.get("only", rules.get("without", []))}
    if named - direct:
        raise KeyError(f"components.toml names what pyproject.toml does not: {sorted(named - direct)}")
    return named if "only" in rules else direct - named


def select(component: str, root: Path) -> str:
    """Return the lines of the lock that the image installs. Raises: KeyError."""
    locked = blocks((root / "requirements.lock").read_text(encoding="utf-8"))
    keep = wanted(component, root)
    missing = keep - locked.keys()
    if missing:
        raise KeyError(f"requirements.lock lacks {sorted(missing)}")
    growing = True
    while growing:
        more = {name for name, (_, parents) in locked.items() if name not in keep and parents & keep}
        keep |= more
        growing = bool(more)
    return "".join(locked[name][0] for name in sorted(keep))


if __name__ == "__main__":
    sys.stdout.write(select(sys.argv[1], Path.cwd()))
