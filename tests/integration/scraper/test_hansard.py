"""Debates and evidence: every intervention once, English and French paragraph by paragraph."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from services.scraper.parsers.base import ParseFailed
from services.scraper.parsers.hansard import start
from services.scraper.registry import parser_of
from services.scraper.sources import registry
from services.scraper.walk import loose_documents
from shared.core.errors import Invalid

DEBATES, EVIDENCE = "ca-federal-debates", "ca-federal-evidence"
FOLDERS = {DEBATES: "ourcommons/hansard", EVIDENCE: "ourcommons/committee_evidence"}
# Interventions as samples/README.md counts them; written questions and procedural lines that stand
# outside any intervention are speeches of their own.
COUNTS = {
    "41-1-260-en.xml": (195, 203),
    "41-1-54-fr.xml": (181, 182),
    "41-2-38-en.xml": (299, 300),
    "42-1-2-en.xml": (42, 43),
    "42-1-2-fr.xml": (42, 43),
    "44-1-196-en.xml": (183, 188),
    "44-1-200-en.xml": (321, 323),
    "HAN086-E.xml": (479, 510),
    "12324877-en.xml": (160, 160),
    "5895073-fr.xml": (277, 277),
    "6265357-en.xml": (20, 20),
}


def speeches(result):
    return [record for record in result.records if record.kind == "speech"]


def source_of(name):
    return EVIDENCE if re.match(r"\d{7,}", name) else DEBATES


def paired(samples, parse):
    """Read 42-1 no. 2 in both languages."""
    source = registry().get(DEBATES)
    paths = [samples / FOLDERS[DEBATES] / f"42-1-2-{language}.xml" for language in ("en", "fr")]
    (document,) = loose_documents(parser_of(source), source, paths)
    return parse(document)


@pytest.mark.parametrize("name", COUNTS)
def test_every_intervention_is_one_speech(samples, sample, parse, name):
    source_id = source_of(name)
    path = f"{FOLDERS[source_id]}/{name}"
    found = speeches(parse(sample(source_id, path)))
    interventions = re.findall(rb'<Intervention[^>]*\bid="(\d+)"', (samples / path).read_bytes())
    ids = [speech.source_id for speech in found]
    assert (len(interventions), len(found)) == COUNTS[name]
    assert {identity.decode() for identity in interventions} <= set(ids)
    assert len(set(ids)) == len(ids)
    assert [speech.sequence for speech in found] == list(range(1, len(found) + 1))
    assert len({speech.slug for speech in found}) == len(found)
    assert all(speech.paragraphs for speech in found if speech.source_id.encode() in interventions)


def test_a_sitting_says_which_it_is(sample, parse):
    result = parse(sample(DEBATES, "ourcommons/hansard/44-1-200-en.xml"))
    (debate,) = [record for record in result.records if record.kind == "debate"]
    assert (debate.key, debate.number, debate.session) == ("ca/house/debate/44-1/200", "200", "44-1")
    assert debate.date.isoformat() == "2023-05-18"
    assert debate.url_en.endswith("/en/44-1/house/sitting-200/hansard")
    assert debate.url_fr == ""
    assert [(c.kind, c.prefix) for c in result.complete] == [("speech", "ca/house/debate/44-1/200/")]


def test_a_speech_has_speaker_topic_time_and_stable_address(sample, parse):
    found = {s.source_id: s for s in speeches(parse(sample(DEBATES, "ourcommons/hansard/44-1-200-en.xml")))}
    speech = found["12228442"]
    assert (speech.speaker_name, speech.slug) == ("Tim Uppal", "tim-uppal-12228442")
    assert speech.attribution_en == "Hon. Tim Uppal (Edmonton Mill Woods, CPC)"
    assert (speech.h1_en, speech.h2_en) == ("ORAL QUESTIONS", "Carbon Pricing")
    assert speech.time == datetime(2023, 5, 18, 18, 35, tzinfo=UTC)
    assert speech.paragraphs[0].text_en.startswith("Mr. Speaker, the Liberals' failed carbon tax")
    assert speech.speaker_identifiers[0].scheme == "ourcommons.ca/affiliation"


def test_both_languages_meet_paragraph_by_paragraph(samples, parse):
    result = paired(samples, parse)
    assert not result.problems
    found = speeches(result)
    assert len(found) == 43
    paragraphs = [paragraph for speech in found for paragraph in speech.paragraphs]
    assert len(paragraphs) == 291
    assert all(paragraph.text_en and paragraph.text_fr for paragraph in paragraphs)
    speech = next(s for s in found if s.source_id == "8759851")
    assert speech.attribution_fr.startswith("M. Pierre Paul-Hus")
    assert (speech.h2_en, speech.h2_fr) == ("Speech from the Throne", "Discours du Trône")


def test_a_language_that_comes_later_changes_no_key_and_no_address(samples, sample, parse):
    alone = speeches(parse(sample(DEBATES, "ourcommons/hansard/42-1-2-en.xml")))
    both = speeches(paired(samples, parse))
    assert [(s.key, s.slug, s.sequence) for s in alone] == [(s.key, s.slug, s.sequence) for s in both]


def test_written_questions_divisions_and_bills_are_recognised(sample, parse):
    found = speeches(parse(sample(DEBATES, "ourcommons/hansard/HAN086-E.xml")))
    assert len([speech for speech in found if speech.written_question]) == 29
    votes = [key for speech in found for key in speech.vote_keys]
    assert len(votes) == 3
    assert all(re.fullmatch(r"ca/house/vote/41-2/\d+", key) for key in votes)
    bills = {key for speech in found for key in speech.bill_keys}
    assert bills
    assert all(re.fullmatch(r"ca/bill/\d\d-\d/[cs]-\d+[a-z]?", key) for key in bills)


def test_evidence_belongs_to_its_committee(sample, parse):
    result = parse(sample(EVIDENCE, "ourcommons/committee_evidence/12324877-en.xml"))
    (debate,) = [record for record in result.records if record.kind == "debate"]
    assert debate.document_type == "evidence"
    assert debate.organization_key == "ca/house/committee/44-1/srsr"
    assert debate.key == "ca/house/committee/44-1/srsr/evidence/53"
    names = {speech.speaker_name for speech in speeches(result)}
    assert "Lloyd Longfield" in names
    assert not any(re.match(r"(?:Mr|Ms|Mrs|Hon|Dr|The Chair)\b", name) for name in names)


def test_a_french_document_is_not_taken_for_another_sitting(sample, parse):
    document = sample(
        DEBATES,
        "ourcommons/hansard/44-1-200-en.xml",
        companions={"fr": sample(DEBATES, "ourcommons/hansard/42-1-2-fr.xml")},
    )
    with pytest.raises(ParseFailed) as failure:
        parse(document)
    assert failure.value.code == "wrong-shape"
    assert "42-1" in failure.value.detail


def test_the_miniature_debates_are_read_in_both_languages(crawl):
    crawled = crawl(DEBATES)
    assert {debate.number for debate in crawled.of("debate")} == {"120", "121"}
    spoken = [p for speech in crawled.of("speech") for p in speech.paragraphs]
    alone = [p.text_en or p.text_fr for p in spoken if not (p.text_en and p.text_fr)]
    assert alone == ["Call in the members."]
    assert not crawled.problems
    assert set(crawled.unread.values()) == {"http-404"}


def test_the_first_documents_depend_on_the_session():
    source = registry().get(DEBATES)
    (latest,) = start(source)
    assert latest.step == "latest"
    (first,) = start(source.with_parameters(session="44-1"))
    assert first.url == "https://www.ourcommons.ca/Content/House/441/Debates/001/HAN001-E.XML"
    assert not first.may_be_missing
    with pytest.raises(Invalid):
        start(source.with_parameters(session="the last one"))


def test_an_older_session_is_read_sitting_after_sitting(sample, parse, make_document, samples):
    body = (samples / "ourcommons/hansard/44-1-200-en.xml").read_bytes()
    url = "https://www.ourcommons.ca/Content/House/441/Debates/200/HAN200-E.XML"
    result = parse(make_document(DEBATES, body, url, step="debate"))
    assert [fetch.url[-12:-6] for fetch in result.follow] == ["HAN201", "HAN202", "HAN203"]
    assert all(fetch.may_be_missing for fetch in result.follow)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty-body"),
        (b"<!DOCTYPE html><html><body>Not available</body></html>", "html-error-page"),
        (b"<ArrayOfVote />", "wrong-shape"),
        (b"<Hansard xml:lang='EN'><HansardBody/></Hansard>", "wrong-shape"),
    ],
)
def test_what_is_no_debate_is_refused_with_a_reason(make_document, parse, body, code):
    with pytest.raises(ParseFailed) as failure:
        parse(make_document(DEBATES, body, step="document"))
    assert failure.value.code == code
