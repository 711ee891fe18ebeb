"""Cards: pictures that any program can read, drawn from whatever a title holds."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from hubs.ux_hub.web.service import cards, hemicycle
from tests.unit.ux_pages.fake_record import vote


def pixels(png: bytes) -> list[bytes]:
    """Return the rows of palette entries of a picture, each check of it made."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, chunks = 8, {}
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + size]
        assert struct.unpack(">I", png[at + 8 + size : at + 12 + size])[0] == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + size
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (width, height, depth, colour) == (cards.WIDTH, cards.HEIGHT, 8, 3)
    raw = zlib.decompress(chunks[b"IDAT"])
    assert len(raw) == height * (width + 1)
    rows = [raw[n * (width + 1) + 1 : (n + 1) * (width + 1)] for n in range(height)]
    assert max(max(row) for row in rows) < len(chunks[b"PLTE"]) // 3
    return rows


@given(st.text(max_size=300), st.text(max_size=100))
@settings(max_examples=15)
def test_any_title_fits_on_a_card(title: str, below: str) -> None:
    rows = pixels(cards.draw(title, below, f"OpenPolicy {title}"))
    assert all(len(row) == cards.WIDTH for row in rows)
    assert not any(any(row[-10:]) for row in rows[20:])


def test_a_vote_shows_its_seats_beside_its_title() -> None:
    seats = hemicycle.seats(vote(ballots=343)["ballots"])
    rows = pixels(
        cards.draw("3rd reading of Bill C-11, An Act to amend the National Defence Act", "Passed", "x", seats)
    )
    right = b"".join(row[620:] for row in rows)
    assert set(right) >= {cards._INDEX["yes"], cards._INDEX["no"], cards._INDEX["none"]}
    # The title stays in its own half.
    assert not any(0 < shade < 16 for row in rows[60:400] for shade in row[620:])


def test_a_long_title_ends_in_an_ellipsis_and_a_word_that_is_too_long_is_cut() -> None:
    letters = cards.font("title")
    found = cards.lines("word " * 200, letters, 800)
    assert len(found) == 4
    assert found[-1].endswith("…")
    assert all(letters.width(line) <= 800 for line in found)
    assert cards.lines("x" * 400, letters, 800)[0].endswith("…")
    assert cards.lines("", letters, 800) == []


def test_accents_are_drawn_and_those_that_are_not_lose_them() -> None:
    letters = cards.font("small")
    assert letters.known("Étape d’adoption : œuvre") == "Étape d’adoption : œuvre"
    assert letters.known("Łódź\u202f日本 Nguyễn") == "ódz Nguyen"


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize(
    ("page", "card"),
    [("/bills/45-1-c-11", "/bills/45-1-c-11"), ("/votes/45-1-123", "/votes/45-1-123"),
     ("/members/elise-member-1", "/members/elise-member-1"), ("/debates/house-45-1-100", "/debates/house-45-1-100"),
     ("/members/elise-member-1/votes", "/members/elise-member-1"), ("/meetings/tran-1", "/meetings/tran-1"),
     ("/committees/ca-committee-tran", "/bodies/ca-committee-tran")],
)  # fmt: skip
def test_a_page_names_a_card_of_its_own_in_its_language(
    site: TestClient, page: str, card: str, lang: str
) -> None:
    address = f"/{lang}/cards{card}.png"
    assert (
        f'property="og:image" content="https://openpolicy.example{address}"'
        in site.get(f"/{lang}{page}").text
    )
    answer = site.get(address)
    assert answer.headers["content-type"] == "image/png"
    assert len(answer.content) < 60_000
    pixels(answer.content)
    assert site.get(f"/{lang}/cards/bills/none.png").status_code == 404
