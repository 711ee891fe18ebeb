"""The pytest plugin, seen from outside: light to load, and strict about skips under CI."""

import subprocess
import sys
from pathlib import Path

import pytest

SKIPPING = """
import pytest

def test_skipped_at_once():
    pytest.skip("needs a moon base")

@pytest.mark.skipif(True, reason="needs a moon base")
def test_skipped_by_a_mark():
    pass

@pytest.mark.xfail(reason="known", strict=True)
def test_expected_to_fail():
    assert False

def test_passing():
    pass
"""


def run(folder: Path, ci: str, *, ini: str = "", source: str = SKIPPING) -> str:
    (folder / "test_it.py").write_text(source)
    (folder / "pytest.ini").write_text(f"[pytest]\n{ini}")
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", "-q", str(folder)]
    env = {"PATH": "/usr/bin:/bin", "CI": ci}
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False)
    return done.stdout


def test_a_skip_is_a_failure_under_ci(tmp_path: Path) -> None:
    said = run(tmp_path, "true")
    assert "1 failed, 1 passed, 1 xfailed, 1 error" in said
    assert said.count("a skip is a failure under CI: needs a moon base") >= 2


def test_a_skip_is_a_skip_elsewhere(tmp_path: Path) -> None:
    assert "1 passed, 2 skipped, 1 xfailed" in run(tmp_path, "")


def test_an_allowed_skip_is_a_skip_under_ci(tmp_path: Path) -> None:
    said = run(tmp_path, "true", ini="allowed_skips =\n    needs a moon.*\n")
    assert "1 passed, 2 skipped, 1 xfailed" in said


def test_a_module_that_skips_itself_is_a_failure_under_ci(tmp_path: Path) -> None:
    source = "import pytest\npytest.importorskip('no_such_module')\n"
    assert "1 error" in run(tmp_path, "true", source=source)
    assert "1 skipped" in run(tmp_path, "", source=source)


def test_a_missing_server_skips_with_its_reason(tmp_path: Path) -> None:
    source = "def test_it(opa_server):\n    pass\n"
    (tmp_path / "conftest.py").write_text("import os\nos.environ['OPENPOLICY_OPA'] = '/nonexistent/opa'\n")
    said = run(tmp_path, "", ini="addopts = -rs\n", source=source)
    assert "1 skipped" in said
    assert "/nonexistent/opa, which does not exist" in said


@pytest.mark.parametrize("heavy", ["sqlalchemy", "psycopg", "redis", "httpx", "pydantic", "pika"])
def test_loading_the_plugin_loads_nothing_heavy(heavy: str) -> None:
    code = f"import sys, shared.testing.plugin; print({heavy!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_samples_are_found_or_the_reason_is_said(samples: Path) -> None:
    assert any(samples.iterdir())
