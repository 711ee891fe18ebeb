"""Docs that can be tested are tested."""

from __future__ import annotations

import re
from pathlib import Path

from services.cli import events_page
from services.cli.settings_page import PAGE, page

ROOT = Path(__file__).resolve().parents[2]


def test_the_settings_page_is_that_of_the_code() -> None:
    assert PAGE.read_text() == page(), "run python -m services.cli.settings_page"


def test_the_events_page_is_that_of_the_contracts() -> None:
    assert events_page.PAGE.read_text() == events_page.page(), "run python -m services.cli.events_page"


def test_every_local_link_of_the_docs_leads_somewhere() -> None:
    broken = []
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        targets = re.findall(r"\]\(([^)#\s]+)", path.read_text())
        broken += [
            f"{path.relative_to(ROOT)} -> {target}"
            for target in targets
            if not re.match(r"[a-z]+:", target) and not (path.parent / target).exists()
        ]
    assert broken == []


def test_the_readme_shows_both_commands() -> None:
    text = (ROOT / "README.md").read_text()
    assert "make run" in text
    assert "make test" in text


def test_every_target_that_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"\bmake ([a-z-]+)", (ROOT / "README.md").read_text())) <= targets
