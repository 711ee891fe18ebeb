"""Print a CycloneDX 1.6 bill of materials of this image: what Python and Debian installed."""

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

OURS = "openpolicy"


def python_packages() -> list[dict[str, object]]:
    """Return the installed distributions but our own, which the document is about."""
    found = []
    for dist in metadata.distributions():
        name, version = dist.metadata["Name"], dist.version
        if name == OURS:
            continue
        entry: dict[str, object] = {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}",
        }
        licence = dist.metadata.get("License-Expression") or dist.metadata.get("License")
        if licence and len(licence) < 80:
            entry["licenses"] = [{"license": {"name": licence}}]
        found.append(entry)
    return found


def debian_packages() -> list[dict[str, object]]:
    """Return the base's packages; none where dpkg is absent."""
    if not Path("/var/lib/dpkg/status").exists():
        return []
    shape = "${Package}\t${Version}\t${Architecture}\n"
    out = subprocess.run(["dpkg-query", "-W", "-f", shape], check=True, capture_output=True, text=True).stdout
    rows = [line.split("\t") for line in out.splitlines()]
    return [
        {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:deb/debian/{name}@{version}?arch={architecture}",
        }
        for name, version, architecture in rows
    ]


def main() -> None:
    """Write the document to standard output, sorted, without a time: equal images give equal documents."""
    parts = sorted([*python_packages(), *debian_packages()], key=lambda part: str(part["purl"]))
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "name": f"{OURS}-{sys.argv[1]}",
                "version": metadata.version(OURS),
            }
        },
        "components": parts,
    }
    json.dump(document, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
