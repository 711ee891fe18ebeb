"""Debates of the Senate: sittings in both languages, who speaks, and pages that are none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.scraper.parsers.base import ParseFailed

DEBATES = "ca-senate-debates"
LIST = "https://sencanada.ca/en/in-the-chamber/debates/45-1"
SITTING = "https://sencanada.ca/{}/content/sen/chamber/451/debates/024db_2025-10-21-{}"


def page(*lines, title="Debates"):
    return (
        "<html><title>" + title + "</title><body><h2>THE SENATE</h2>" + "".join(lines) + "</body></html>"
    ).encode()


@pytest.fixture
def speeches(make_document, parse):
    def read(*lines, french=()):
        document = make_document(DEBATES, page(*lines), SITTING.format("en", "e"))
        if french:
            body = page(*french).replace(b"THE SENATE", "LE SÉNAT".encode())
            twin = replace(document, url=SITTING.format("fr", "f"), body=body)
            document = replace(document, companions={"fr": twin})
        result = parse(document)
        return [record for record in result.records if record.kind == "speech"], result

    return read


def test_every_sitting_is_read_in_both_languages(crawl):
    crawled = crawl(DEBATES)
    assert [(debate.number, str(debate.date)) for debate in crawled.of("debate")] == [
        ("58", "2026-03-12"),
        ("24", "2025-10-21"),
    ]
    assert not crawled.problems
    assert not crawled.unread
    for speech in crawled.of("speech"):
        assert all(paragraph.text_en and paragraph.text_fr for paragraph in speech.paragraphs)
        assert bool(speech.attribution_en) == bool(speech.attribution_fr) == (not speech.is_procedural)


def test_a_senator_named_short_is_the_one_named_in_full(crawl):
    said = [speech for speech in crawl(DEBATES).of("speech") if speech.attribution_en == "Senator Pate"]
    assert [(speech.speaker_name, speech.person_key) for speech in said] == [
        ("Kim Pate", "ca/senate/person/name:kim-pate")
    ]


def test_heading_clock_language_and_bill_belong_to_a_speech(crawl):
    asked = next(s for s in crawl(DEBATES).of("speech") if "Miville" in s.speaker_name)
    assert (asked.h1_en, asked.h1_fr) == ("ORDERS OF THE DAY", "ORDRE DU JOUR")
    assert asked.h2_en == "Corrections and Conditional Release Act"
    assert asked.h3_en == "Bill to Amend—Second Reading"
    assert asked.time.isoformat() == "2025-10-21T19:00:00+00:00"
    assert asked.floor_language == "fr"
    assert asked.bill_keys == ("ca/bill/45-1/s-205",)


def test_links_with_backslashes_are_sittings_and_the_latest_one_counts_once(rendered, parse, make_document):
    listing = rendered(DEBATES, LIST, session="45-1")
    assert [fetch.url[-18:] for fetch in parse(listing).follow] == [
        "058db_2026-03-12-e",
        "024db_2025-10-21-e",
    ]
    other = make_document(DEBATES, listing.body, LIST, session="44-1", step="list")
    with pytest.raises(ParseFailed) as failure:
        parse(other)
    assert failure.value.code == "empty"


def test_a_page_that_answers_for_a_wrong_address_is_no_sitting(rendered, parse):
    wrong = rendered(DEBATES, "https://sencanada.ca/en/content/sen/chamber/451/debates/024db_2025-10-22-e")
    with pytest.raises(ParseFailed) as failure:
        parse(replace(wrong, step="sitting"))
    assert failure.value.code == "wrong-shape"


def test_labels_in_older_markup_are_found_and_emphasis_is_none(speeches):
    said, _ = speeches(
        '<P><SPAN lang="en-ca"><B>Hon. Anne C. Cools:</B> Honourable senators.</SPAN></P>',
        '<P><SPAN lang="en-ca">(1510)</SPAN></P><P>More.</P>',
        "<p><b>The Hon. the Speaker</b><i> pro tempore</i><b>:</b> Order.</p>",
        "<p><b>Hon. Consiglio Di Nino </b>moved second reading of Bill C\u20112, An Act.</p>",
        "<p><b>Fact</b> sheets were tabled.</p>",
    )
    assert [speech.attribution_en for speech in said] == [
        "Hon. Anne C. Cools",
        "The Hon. the Speaker pro tempore",
        "Hon. Consiglio Di Nino",
    ]
    assert [paragraph.text_en for paragraph in said[0].paragraphs] == ["Honourable senators.", "More."]
    assert said[2].bill_keys == ("ca/bill/45-1/c-2",)
    assert said[2].paragraphs[-1].text_en == "Fact sheets were tabled."
    assert said[1].person_key is None


def test_an_initial_tells_two_of_one_surname_apart_and_without_it_nobody_is_guessed(speeches):
    said, _ = speeches(
        "<p><b>Hon. David M. Wells:</b> One.</p><p><b>Hon. Kristopher Wells:</b> Two.</p>",
        "<p><b>Senator K. Wells:</b> Three.</p><p><b>Senator Wells:</b> Four.</p>",
    )
    assert [speech.speaker_name for speech in said] == [
        "David M. Wells",
        "Kristopher Wells",
        "Kristopher Wells",
        "Wells",
    ]
    assert said[3].person_key is None


def test_a_speech_that_one_language_lacks_is_reported_and_the_others_still_pair(speeches):
    said, result = speeches(
        "<p><b>Hon. Kim Pate:</b> One.</p><p><b>Senator Downe:</b> Two.</p>",
        french=(
            "<p><b>L'honorable Kim Pate :</b> Un.</p><p><b>Le sénateur Manning :</b> Non.</p>",
            "<p><b>Le sénateur Downe :</b> Deux.</p>",
        ),
    )
    told = {(s.paragraphs[0].text_en, s.paragraphs[0].text_fr) for s in said}
    assert told == {("One.", "Un."), ("", "Non."), ("Two.", "Deux.")}
    assert [problem.code for problem in result.problems] == ["unpaired"]


def test_a_sitting_where_nobody_speaks_is_refused(speeches):
    with pytest.raises(ParseFailed) as failure:
        speeches("<p>Prayers.</p>")
    assert failure.value.code == "empty"


def test_a_companion_of_another_sitting_is_refused(make_document, parse):
    document = make_document(DEBATES, page("<p><b>Hon. Kim Pate:</b> One.</p>"), SITTING.format("en", "e"))
    other = replace(document, url=SITTING.format("fr", "f").replace("024db", "025db"))
    with pytest.raises(ParseFailed) as failure:
        parse(replace(document, companions={"fr": other}))
    assert failure.value.code == "wrong-shape"
