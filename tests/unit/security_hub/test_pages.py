"""What the pages say and where they lead."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from hubs.security_hub.pages.service import safe_next
from hubs.security_hub.pages.words import WORDS, preferred, say

TEMPLATES = {t.name: t.read_text() for t in (files("hubs.security_hub.pages") / "templates").iterdir()}


@pytest.mark.parametrize(
    "asked",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/oauth/authorize?x\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "/signin/account@evil.example",
        "\t//evil.example",
        "",
        "/oauth/authorize/../../evil",
    ],
)
def test_signing_in_leads_to_our_own_pages_only(asked: str) -> None:
    assert safe_next(asked).startswith(("/signin/account", "/oauth/authorize?"))
    assert "evil.example/" not in safe_next(asked)
    assert "\r" not in safe_next(asked)


def test_every_text_exists_in_both_languages_with_the_same_blanks() -> None:
    blanks = re.compile(r"\{(\w+)\}")
    for key, (english, french) in WORDS.items():
        assert english, key
        assert french, key
        assert set(blanks.findall(english)) == set(blanks.findall(french)), key


def test_templates_use_texts_that_exist_and_none_lies_idle() -> None:
    source = "\n".join(TEMPLATES.values())
    code = "\n".join(
        p.read_text() for p in files("hubs.security_hub.signin.router").iterdir() if p.name.endswith(".py")
    )
    code += "".join(
        (files(f"hubs.security_hub.{m}") / "router.py").read_text() for m in ("pages", "authorize")
    )
    used = set(re.findall(r"""["']([a-z]+(?:\.[a-z-]+)+)["']""", source + code))
    assert set(re.findall(r"""say\(["']([^"']+)["']""", source)) <= set(WORDS)
    made = {f"{p}.{n}" for p in ("verify", "reset") for n in ("title", "submit")}
    made |= {k for k in WORDS if k.startswith("weak.")} | {"site", "language", "error"}
    assert set(WORDS) - used - made == set()


def test_the_language_header_is_weighed() -> None:
    assert preferred("fr-CA,fr;q=0.8,en;q=0.3") == "fr"
    assert preferred("en-CA,en;q=0.9,fr;q=0.2") == "en"
    assert preferred("de") == "en"
    assert preferred("fr;q=junk, en") == "en"
    assert say("signin.title", "fr") == "Connexion"
