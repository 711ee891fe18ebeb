"""Ministers, officers, parties; committees and their meetings."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.scraper.parsers.base import ParseFailed

ROLES, COMMITTEES, EVIDENCE = "ca-federal-roles", "ca-federal-committees", "ca-federal-evidence"


def test_every_officer_of_the_export_holds_an_office(sample, parse):
    result = parse(sample(ROLES, "ourcommons/members/house_officers_45-1_2026.xml"))
    offices = [record for record in result.records if record.kind == "membership"]
    assert len(offices) == 12
    leader = offices[1]
    assert leader.person_key == "ca/house/person/25524"
    assert leader.role_en == "Leader of the Conservative Party of Canada"
    assert (leader.party, leader.area, leader.start_date) == (
        "Conservative",
        "Battle River—Crowfoot",
        date(2022, 9, 10),
    )
    assert [(c.kind, c.prefix) for c in result.complete] == [("membership", "ca/house/houseofficer/")]


def test_roles_of_the_miniature_have_titles_in_both_languages(crawl):
    crawled = crawl(ROLES)
    offices = crawled.of("membership")
    assert {office.organization_key for office in offices} == {"ca/house", "ca/cabinet"}
    assert all(office.role_en and office.role_fr for office in offices)
    assert "ca/party/liberal" in {body.key for body in crawled.of("organization")}
    assert not crawled.problems


def test_a_title_without_translation_is_reported(rendered, parse, make_document):
    body = rendered(ROLES, "https://www.ourcommons.ca/Members/en/house-officers/XML")
    french = make_document(ROLES, body.body.replace(b"<PersonId>28286<", b"<PersonId>1<"), "file:///fr")
    result = parse(make_document(ROLES, body.body, companions={"fr": french}))
    assert [problem.code for problem in result.problems] == ["no-translation"]


def test_committees_have_names_meetings_and_studies_in_both_languages(crawl):
    crawled = crawl(COMMITTEES)
    committees = [body for body in crawled.of("organization") if body.classification == "committee"]
    assert all(committee.name_en and committee.name_fr for committee in committees)
    assert len({committee.parent_key for committee in committees}) == 2  # of the House, of both chambers
    meetings = crawled.of("event")
    assert len(meetings) == 7
    assert all(item.title_en and item.title_fr for meeting in meetings for item in meeting.agenda)
    assert all(meeting.organization_key in {c.key for c in committees} for meeting in meetings)


def test_a_meeting_says_when_and_where_its_documents_are(crawl):
    meetings = {meeting.key: meeting for meeting in crawl(COMMITTEES).of("event")}
    meeting = meetings["ca/house/committee/45-1/fina/meeting/9"]
    assert (meeting.number, meeting.start_date) == ("9", date(2025, 10, 27))
    assert meeting.starts_at == datetime(2025, 10, 27, 19, 30, tzinfo=UTC)
    told = meetings["ca/house/committee/45-1/inan/meeting/34"]
    evidence = [link.url for link in told.links if link.note == "evidence"]
    assert evidence
    assert evidence[0].startswith("https://www.ourcommons.ca/DocumentViewer/en/45-1/INAN/meeting-34/")


def test_evidence_is_found_from_the_list_of_committees(crawl):
    crawled = crawl(EVIDENCE)
    (debate,) = crawled.of("debate")
    assert debate.key == "ca/house/committee/45-1/inan/evidence/34"
    assert all(p.text_en and p.text_fr for speech in crawled.of("speech") for p in speech.paragraphs)
    assert not crawled.of("event")


@pytest.mark.parametrize(
    ("source_id", "step"),
    [(ROLES, "offices"), (ROLES, "standings"), (COMMITTEES, "list"), (COMMITTEES, "viewer")],
)
@pytest.mark.parametrize("body", [b"", b"<ArrayOfHouseOfficer />", b"<html><body><p>Sorry</p></body></html>"])
def test_what_is_something_else_is_refused(make_document, parse, source_id, step, body):
    with pytest.raises(ParseFailed):
        parse(make_document(source_id, body, step=step))
