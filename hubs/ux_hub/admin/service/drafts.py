"""A policy as it is being written: the files of a form, and forms from the files of a version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hubs.ux_hub.admin.service.actions import written
from shared.core.errors import Invalid
from shared.http.json import loads

MAX_FILES = 30
MAX_FILE_CHARS = 200_000
_PARTS = ("sources", "tests")
_FILE = re.compile(r"^(sources|tests)-(\d{1,2})-(name|text)$")


@dataclass(frozen=True)
class Draft:
    """Files by name, their tests, and the data beside them as JSON text."""

    sources: Mapping[str, str] = field(default_factory=dict)
    tests: Mapping[str, str] = field(default_factory=dict)
    data: str = "{}"
    message: str = ""

    def content(self) -> dict[str, Any]:
        """Return what the security hub checks, tests and keeps.

        Raises: Invalid when there is no file, or the data are not a JSON object.
        """
        if not self.sources:
            raise Invalid("a policy has at least one file; each file has a name such as main.rego")
        try:
            data = loads(self.data or "{}")
        except ValueError as error:
            raise Invalid("the data are JSON: text stands in double quotes") from error
        if not isinstance(data, dict):
            raise Invalid("the data are a JSON object")
        return {"sources": dict(self.sources), "tests": dict(self.tests), "data": data}


def draft_of(version: Mapping[str, Any]) -> Draft:
    """Return a version's files as a draft of the next one."""
    return Draft(dict(version["sources"]), dict(version["tests"]), written(version["data"]))


def read_draft(form: Mapping[str, str]) -> Draft:
    """Return the draft that a form holds; a file whose name was emptied is left out.

    Raises: Invalid for two files of one name.
    """
    found: dict[str, dict[int, dict[str, str]]] = {part: {} for part in _PARTS}
    for name, value in form.items():
        if matched := _FILE.match(name):
            found[matched[1]].setdefault(int(matched[2]), {})[matched[3]] = value
    files: dict[str, dict[str, str]] = {part: {} for part in _PARTS}
    for part in _PARTS:
        for _, one in sorted(found[part].items()):
            name = one.get("name", "").strip()
            if not name:
                continue
            if name in files[part]:
                raise Invalid(f"two files are called {name[:80]}")
            # Browsers send line ends as CR LF; a version differs by what was written alone.
            files[part][name] = one.get("text", "").replace("\r\n", "\n")[:MAX_FILE_CHARS]
    return Draft(
        files["sources"], files["tests"], form.get("data", "").strip() or "{}", form.get("message", "")
    )


def new_draft(root: str) -> Draft:
    """Return a first draft of a policy: a rule that allows nothing, and a test of it."""
    package = root.replace("/", ".")
    main = f"package {package}\n\nimport rego.v1\n\ndefault allow := false\n"
    test = (
        f"package {package}_test\n\nimport rego.v1\n\nimport data.{package}\n\n"
        f"test_nothing_is_allowed if {{\n\tnot {package.rpartition('.')[2]}.allow\n}}\n"
    )
    return Draft({"main.rego": main}, {"main_test.rego": test})
