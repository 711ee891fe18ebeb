"""No document makes a parser crash, hang or read outside itself: it is read, or refused with a reason."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.scraper.parsers.base import MAX_DOCUMENT_BYTES, Document, ParseFailed
from services.scraper.reading import read
from services.scraper.registry import parser_of
from services.scraper.sources import registry

DOCUMENTS = [
    ("ca-federal-mps", "ourcommons/members/members_search_45-1_with_PersonId_EXCERPT.xml"),
    ("ca-federal-votes", "ourcommons/votes/vote_43-2-69_participants.xml"),
    ("ca-federal-bills", "legisinfo/bill_detail_json/45-1_C-202.json"),
    ("ca-federal-bills", "legisinfo/bill_detail_xml/36-1_C-10.xml"),
]
BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;">
<!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">]><Bills><Bill><NumberCode>&lol3;</NumberCode></Bill></Bills>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><Bills><Bill>&f;</Bill></Bills>"""


@pytest.mark.parametrize(("source_id", "path"), DOCUMENTS)
@pytest.mark.parametrize("change", ["latin-1", "utf-16", "bom", "cp1252-declared", "utf8"])
def test_a_wrong_or_odd_encoding_changes_no_fact(sample, parse, source_id, path, change):
    document = sample(source_id, path)
    expected = facts(parse(document))
    text = document.body.decode("utf-8-sig")
    bare = text[text.index("?>") + 2 :].lstrip() if text.startswith("<?xml") else text
    is_xml = bare.startswith("<")
    if change == "bom":
        body = b"\xef\xbb\xbf" + bare.encode()
    elif change == "utf-16":
        body = bare.encode("utf-16")
    elif change == "latin-1" and is_xml:
        body = b'<?xml version="1.0" encoding="iso-8859-1"?>' + bare.encode("iso-8859-1", "xmlcharrefreplace")
    elif change == "utf8" and is_xml:
        body = b"<?xml version='1.0' encoding='utf8'?>\n" + bare.encode()
    elif change == "cp1252-declared" and is_xml:
        body = b'<?xml version="1.0" encoding="windows-1252"?>' + bare.encode()
    else:
        body = bare.encode()
    assert facts(parse(replace(document, body=body))) == expected


def facts(result):
    return [record.facts() for record in result.records] + [
        [record.facts() for record in fetch.otherwise] for fetch in result.follow
    ]


@pytest.mark.parametrize("body", [BOMB, OUTSIDE, BOMB.replace(b"<!DOCTYPE", b"<!doctype")])
@pytest.mark.parametrize("source_id", ["ca-federal-mps", "ca-federal-votes", "ca-federal-bills"])
def test_entities_are_never_expanded_nor_fetched(make_document, parse, source_id, body):
    tracemalloc.start()
    try:
        with pytest.raises(ParseFailed) as failure:
            parse(make_document(source_id, body))
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    finally:
        tracemalloc.stop()
    assert failure.value.code == "unsafe-xml"
    assert "root:" not in str(failure.value)


def test_a_document_beyond_the_limit_is_refused_unread(make_document, parse):
    body = b"<Bills>" + b" " * MAX_DOCUMENT_BYTES + b"</Bills>"
    with pytest.raises(ParseFailed) as failure:
        parse(make_document("ca-federal-bills", body))
    assert failure.value.code == "too-large"


@pytest.mark.parametrize("depth", [300, 100_000])
def test_deep_nesting_is_refused(make_document, parse, depth):
    for source_id, body in (
        ("ca-federal-bills", b"[" * depth + b"]" * depth),
        ("ca-federal-bills", b"<Bills>" + b"<Bill>" * depth + b"</Bill>" * depth + b"</Bills>"),
        ("ca-federal-votes", b"<ArrayOfVote>" + b"<Vote>" * depth + b"</Vote>" * depth + b"</ArrayOfVote>"),
    ):
        with pytest.raises(ParseFailed):
            parse(make_document(source_id, body))


@pytest.mark.parametrize(
    ("source_id", "step", "body", "code"),
    [
        ("ca-federal-bills", "list", b'[{"BillId": ' + b"9" * 5_000 + b"}]", "not-json"),
        ("example-legistar", "events", b'[{"EventId": ' + b"9" * 1_000_000 + b"}]", "not-json"),
        ("example-legistar", "event_items", b'[{"EventItemId": {}, "EventItemTitle": [], "EventItemMatterId": {}}]', None),
        (
            "ca-federal-debates", "debate",
            b"<Hansard><ExtractedInformation>"
            + b"".join(b'<ExtractedItem Name="%s">%s</ExtractedItem>' % (name, b"9" * 20) for name in (
                b"MetaDateNumYear", b"MetaDateNumMonth", b"MetaDateNumDay", b"ParliamentNumber", b"SessionNumber",
                b"MetaNumberNumber",
            ))
            + b"</ExtractedInformation><HansardBody/></Hansard>",
            "wrong-shape",
        ),
        ("ca-candidates", "results", b"," * 1_000_000 + b"\n", "not-csv"),
        ("ca-candidates", "results", b"Candidate/Candidat\n" + b"," * 1_000_000 + b"\n", "not-csv"),
        ("example-people", "represent_csv", b"Name,Role" + b"," * 1_000_000 + b"\nA,B\n", "not-a-table"),
        ("example-people", "represent_csv", b"Name,Role,a" + b" (" * 90_000 + b"\nA B,Mayor,x\n", None),
    ],
    ids=["digits", "many-digits", "objects", "year", "columns", "row", "headings", "heading"],
)  # fmt: skip
def test_a_document_without_measure_is_refused_or_read_at_once(make_document, source_id, step, body, code):
    assert refusal(make_document(source_id, body, step=step)) == code


def test_a_number_that_is_none_counts_as_absent(make_document, parse):
    row = b'[{"EventId": 5, "EventBodyName": "Council", "EventDate": "2026-01-01T00:00:00", "EventBodyId": NaN}]'
    result = parse(make_document("example-legistar", row, step="events"))
    assert not result.problems


FEDERAL = [source.id for source in registry().list() if source.jurisdiction.id in {"ca", "ca-candidates"}]
STEPS = [(source_id, step) for source_id in FEDERAL for step in parser_of(registry().get(source_id)).steps]


@pytest.mark.parametrize("source_id", FEDERAL)
def test_every_kind_of_document_survives_cuts_and_damage(crawl, source_id):
    documents = {document.step: document for document in crawl(source_id).documents}
    assert documents
    for document in documents.values():
        body, step = document.body, max(1, len(document.body) // 30)
        for place in range(0, len(body), step):
            for changed in (
                body[:place],
                body[:place] + b"<" + body[place + 1 :],
                body[:place] + body[place + 9 :],
            ):
                assert refusal(replace(document, body=changed)) != "parser-error"


@pytest.mark.parametrize(("source_id", "step"), STEPS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=400)
    | st.text(alphabet='<>/&;"[]{}:, \x00aBill09é-', max_size=200).map(str.encode)
)
def test_arbitrary_bytes_are_read_or_refused(source_id, step, body):
    document = Document(url="https://x.ca/", body=body, source=registry().get(source_id), step=step)
    assert refusal(document) != "parser-error"


def refusal(document):
    """Read a document; return the code of its refusal, or None when it can be read."""
    try:
        read(parser_of(document.source), document)
    except ParseFailed as failure:
        return failure.code
    return None
