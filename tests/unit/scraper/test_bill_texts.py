"""Texts of bills and consolidated Acts."""

from __future__ import annotations

import re

import pytest

from services.scraper.parsers.base import ParseFailed

TEXTS, ACTS = "ca-federal-bill-texts", "ca-justice-acts"
FOLDER = "legisinfo/bill_text_xml"


def names(samples):
    return sorted(path.name for path in (samples / FOLDER).iterdir())


def test_every_text_is_read_and_a_cover_page_is_told_from_a_whole_bill(samples, sample, parse):
    for name in names(samples):
        (record,) = parse(sample(TEXTS, f"{FOLDER}/{name}")).records
        session, number = re.match(r"(\d\d-\d)_([CS]-\d+)", name).groups()
        assert record.bill_key == f"ca/bill/{session}/{number.lower()}"
        assert record.language == "en"
        assert record.title
        is_cover = name in {"38-1_C-38_civican.xml", "41-1_C-10_civican.xml"}
        assert record.is_cover_only == is_cover
        assert bool(record.text) != is_cover


def test_a_text_keeps_every_word_in_lines(samples, sample, parse):
    path = f"{FOLDER}/45-1_C-202.xml"
    (record,) = parse(sample(TEXTS, path)).records
    assert record.version == "royal-assent" or record.version
    raw = (samples / path).read_text(encoding="utf-8")
    words = re.findall(r"\w+", re.sub(r"<[^>]+>", " ", raw.partition("<Body")[2].partition("</Body>")[0]))
    told = re.findall(r"\w+", record.text)
    assert [word for word in words if word not in told] == []
    assert all(line == line.strip() for line in record.text.splitlines())


def test_the_miniature_texts_come_in_both_languages(crawl):
    crawled = crawl(TEXTS)
    texts = crawled.of("bill_text")
    by_language = {
        language: {t.bill_key for t in texts if t.language == language} for language in ("en", "fr")
    }
    assert by_language["en"] == by_language["fr"]
    assert len(texts) == 6
    assert set(crawled.unread.values()) == {"http-404"}


def test_an_act_is_read_with_its_sections(sample, parse):
    for name, number, sections in (("feeds-act", "f-9", 29), ("seeds-act", "s-8", 25)):
        result = parse(sample(ACTS, f"legisinfo/justice_laws_xml/{name}.xml"))
        kinds = [record.classification for record in result.records]
        assert (kinds.count("act"), kinds.count("act-section")) == (1, sections)
        assert result.records[0].key == f"ca/act/{number}"


def test_both_languages_of_an_act_are_one(crawl):
    acts = [record for record in crawl(ACTS).of("document") if record.classification == "act"]
    assert [(act.title_en, act.title_fr) for act in acts] == [
        ("Feeds Act", "Loi relative aux aliments du bétail"),
        ("Seeds Act", "Loi sur les semences"),
    ]


@pytest.mark.parametrize("source_id", [TEXTS, ACTS])
@pytest.mark.parametrize("body", [b"", b"<html><body>no</body></html>", b"<Bill/>", b"<Statute/>", b"<Bill>"])
def test_what_is_no_text_is_refused(make_document, parse, source_id, body):
    step = "text" if source_id == TEXTS else "act"
    with pytest.raises(ParseFailed):
        parse(make_document(source_id, body, step=step))
