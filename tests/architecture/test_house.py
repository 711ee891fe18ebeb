"""The house rules that a machine can see."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 400
HUBS = ("security", "data", "business", "ops", "intelligence", "ux")


def tracked(pattern: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", pattern],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


PYTHON = tracked("*.py")


def test_no_python_file_is_longer_than_four_hundred_lines() -> None:
    long = {str(p.relative_to(ROOT)): n for p in PYTHON if (n := len(p.read_text().splitlines())) > MAX_LINES}
    assert long == {}


def test_no_file_is_named_utils_or_helpers() -> None:
    assert [p for p in PYTHON if p.name in {"utils.py", "helpers.py", "common.py", "misc.py"}] == []


def test_nothing_is_left_unfinished() -> None:
    words = re.compile(r"\b(TO" r"DO|FIX" r"ME|NotImplemented" r"Error|XX" r"X)\b")
    found = [
        f"{p.relative_to(ROOT)}:{i}"
        for p in PYTHON
        for i, line in enumerate(p.read_text().splitlines(), 1)
        if words.search(line)
    ]
    assert found == []


def test_every_module_of_the_product_says_in_its_docstring_what_it_is_for() -> None:
    bare = [
        str(p.relative_to(ROOT))
        for p in PYTHON
        if p.relative_to(ROOT).parts[0] in {"hubs", "services", "shared"}
        and "versions" not in p.parts
        and not ast.get_docstring(ast.parse(p.read_text()))
    ]
    assert bare == []


def test_no_lock_file_names_the_address_of_an_index() -> None:
    for path in (ROOT / "requirements.lock", *tracked("*package-lock.json")):
        text = path.read_text()
        assert "--index-url" not in text
        assert not re.search(r'"resolved":\s*"http', text), path


@pytest.mark.parametrize("hub", HUBS)
def test_a_hub_is_one_sentence_and_a_factory(hub: str) -> None:
    package = ROOT / "hubs" / f"{hub}_hub"
    assert ast.get_docstring(ast.parse((package / "__init__.py").read_text()))
    names = {
        n.name for n in ast.parse((package / "app.py").read_text()).body if isinstance(n, ast.FunctionDef)
    }
    assert "create_app" in names


def test_the_import_boundaries_hold() -> None:
    done = subprocess.run(
        [ROOT / ".venv" / "bin" / "lint-imports", "--config", ".importlinter.toml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stdout[-3000:]
