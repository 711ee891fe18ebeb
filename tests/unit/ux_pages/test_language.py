"""Every string exists in both languages, and each is written as its language wants."""

from __future__ import annotations

import re
import string
from datetime import datetime, timezone
from pathlib import Path

import pytest

from hubs.ux_hub.web.service import language
from hubs.ux_hub.web.service.language import read_catalogue

HUB = Path(__file__).resolve().parents[3] / "hubs" / "ux_hub"
TEMPLATES = [*HUB.glob("web/templates/**/*.html"), *HUB.glob("admin/templates/**/*.html")]
SOURCES = [*HUB.glob("web/**/*.py"), *HUB.glob("admin/**/*.py"), *HUB.glob("mobile/**/*.py")]


def catalogue() -> language.Catalogue:
    folder = HUB / "admin" / "messages"
    return read_catalogue(HUB / "web" / "messages", *([folder] if folder.is_dir() else []))


def test_every_message_exists_in_both_languages_with_the_same_places() -> None:
    found = catalogue()
    for key in found:
        places = [
            {name for _, name, _, _ in string.Formatter().parse(found._messages[lang][key]) if name}
            for lang in language.LANGS
        ]
        assert places[0] == places[1], key


def test_a_message_without_its_twin_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[x]\none = ["only English"]\n')
    with pytest.raises(ValueError, match=r"x\.one needs a text in English and one in French"):
        read_catalogue(tmp_path)


def test_an_empty_half_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('one = ["English", " "]\n')
    with pytest.raises(ValueError, match="one needs"):
        read_catalogue(tmp_path)


def test_every_message_that_a_template_or_a_page_names_exists() -> None:
    known = catalogue()
    missing = []
    for path in [*TEMPLATES, *SOURCES]:
        text = path.read_text()
        for key in re.findall(
            r"""(?<![\w.])(?:t|page\.t|self\.t)\(\s*['"]([a-z_]+\.[\w.-]+)['"](?!\s*~)""", text
        ):
            missing += [] if key in known or key.endswith(".") else [f"{path.name}: {key}"]
        for key in re.findall(r"""\btn\(['"]([a-z_]+\.[\w.]+)['"]""", text):
            missing += [
                f"{path.name}: {key}.{form}" for form in ("one", "other") if f"{key}.{form}" not in known
            ]
    assert missing == []


def test_no_message_is_there_for_nobody() -> None:
    text = "".join(path.read_text() for path in [*TEMPLATES, *SOURCES])
    unused = []
    for key in catalogue():
        area = key.partition(".")[0]
        stem = key.removesuffix(".one").removesuffix(".other")
        # Words of closed sets are looked up by area and value.
        is_looked_up = (
            f"'{area}." in text or f'"{area}.' in text or f"word('{area}'" in text or f"word:{area}" in text
        )
        if stem not in text and not (is_looked_up and _is_composed(area, text)):
            unused.append(key)
    assert unused == []


def _is_composed(area: str, text: str) -> bool:
    return bool(
        re.search(
            rf"""(word\('{area}'|word:{area}|['"]{area}\.[a-z_]*['"]\s*~|f"{area}\.|'{area}\.\w*_' ~|"{area}")""",
            text,
        )
    )


def test_no_template_holds_words_of_its_own() -> None:
    found = []
    for path in TEMPLATES:
        text = re.sub(r"{% block og_type %}.*?{% endblock %}", " ", path.read_text())
        text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", " ", text, flags=re.S)
        text = re.sub(r"<(code|pre)\b.*?</\1>", " ", text, flags=re.S)
        text = re.sub(r"<[^>]*>|&[a-z]+;", " ", text)
        # What is left of an embedding code and our own name.
        if words := [w for w in re.findall(r"[^\W\d_]{3,}", text) if w not in ("iframe", "SHA")]:
            found.append(f"{path.name}: {words[:4]}")
    assert [f for f in found if "guide.html" not in f] == []


@pytest.mark.parametrize(
    ("written", "set_"),
    [
        ("Quoi ?", "Quoi\u202f?"),
        ("Ici; là", "Ici\u202f; là"),
        ("Lequel (de tous)?", "Lequel (de tous)\u202f?"),
        ("/recherche?q=mot&lang=fr", "/recherche?q=mot&lang=fr"),
        ("Attention : ceci", "Attention\u00a0: ceci"),
        ("« oui »", "«\u00a0oui\u00a0»"),
        ("52 %", "52\u00a0%"),
        ("1 234 voix", "1\u00a0234 voix"),
        ("https://example.org", "https://example.org"),
    ],
)
def test_french_punctuation_never_stands_alone_on_a_line(written: str, set_: str) -> None:
    assert language.french_spaces(written) == set_


def test_no_french_message_has_a_breakable_space_before_high_punctuation() -> None:
    found = catalogue()
    loose = [
        key
        for key in found
        if re.search(r"(^|[^\s]) [;:?!»](\s|$)|[^\s][;?!](\s|$)|« ", found.text("fr", key))
    ]
    assert loose == []


def test_days_moments_and_numbers_are_written_in_each_language() -> None:
    assert language.day("2026-05-01", "en") == "May 1, 2026"
    assert language.day("2026-05-01", "fr") == "1er\u00a0mai 2026"
    late = datetime(2026, 1, 1, 2, 5, tzinfo=timezone.utc)
    assert language.moment(late, "en") == "December 31, 2025, 9:05\u00a0p.m."
    assert language.moment(late, "fr") == "31\u00a0décembre 2025, 21\u00a0h\u00a005"
    assert language.number(1234567.5, "en", 1) == "1,234,567.5"
    assert language.number(1234567.5, "fr", 1) == "1\u00a0234\u00a0567,5"
    assert language.percent(0.5, "fr") == "50\u00a0%"


def test_a_day_that_is_none_is_written_as_nothing() -> None:
    assert [language.day(value, "en") for value in (None, "", "soon", "2026-02-31", 7)] == [""] * 5
    assert language.moment("yesterday", "fr") == ""


def test_french_counts_nought_in_the_singular_and_english_does_not() -> None:
    found = catalogue()
    assert found.count("fr", "members.count", 0) == "0 personne"
    assert found.count("en", "members.count", 0) == "0 people"
    assert found.count("fr", "members.count", 2000) == "2\u00a0000 personnes"


def test_a_colon_in_a_template_has_the_space_that_its_language_wants() -> None:
    catalogue = read_catalogue()
    assert (catalogue.text("en", "ui.colon"), catalogue.text("fr", "ui.colon")) == (": ", "\u00a0: ")
    for path in TEMPLATES:
        assert not re.findall(r"(?:\}\}|</\w+>): ", path.read_text(encoding="utf-8")), path
