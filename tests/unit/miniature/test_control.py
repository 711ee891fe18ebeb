"""The control panel: faults, changes and the log, without a socket."""

import json
from xml.etree import ElementTree as ET

import pytest

from services.miniature.control import FAULTS, Control, Fault, RequestRecord
from services.miniature.faults import apply
from services.miniature.render.document import Document
from services.miniature.world import World
from tests.unit.miniature.conftest import Fetch

MEMBERS = "www.ourcommons.ca/Members/en/search/XML"


def record(path: str) -> RequestRecord:
    return RequestRecord(at=0.0, method="GET", path=path, query="", headers={}, status=200)


def people(document: Document) -> dict[str, str]:
    return {
        member.findtext("PersonId", ""): member.findtext("CaucusShortName", "")
        for member in ET.fromstring(document.body)
    }


def test_a_counted_fault_is_used_up_and_a_lasting_one_stays() -> None:
    control = Control()
    control.fault("*/votes/*", "server_error", times=2)
    address = "/www.ourcommons.ca/members/en/votes/45/1/8/xml"
    assert [bool(control.take_fault(address)) for _ in range(3)] == [True, True, False]
    control.fault("www.parl.ca/*", "blank")
    assert all(control.take_fault("/www.parl.ca/legisinfo/en/bills/json") for _ in range(5))
    assert control.take_fault(address) is None
    control.clear_faults()
    assert control.take_fault("/www.parl.ca/legisinfo/en/bills/json") is None


def test_the_newest_matching_fault_wins_and_letter_case_does_not_matter() -> None:
    control = Control()
    control.fault("*", "blank")
    control.fault("WWW.PARL.CA/*", "empty")
    found = control.take_fault("/www.parl.ca/LegisInfo/en/bills/json")
    assert found is not None
    assert found.kind == "empty"


@pytest.mark.parametrize(
    ("kind", "options", "complaint"),
    [
        ("exploding", {}, "unknown fault"),
        ("blank", {"loudness": 3}, "no option loudness"),
        ("encoding", {"style": "ebcdic"}, "unknown encoding style"),
        ("blank", {"times": 0}, "times must be at least 1"),
    ],
)
def test_a_fault_that_does_not_exist_is_refused(
    kind: str, options: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        Control().fault("*", kind, **options)  # type: ignore[arg-type]


def test_every_kind_of_fault_changes_the_answer_or_is_the_servers_own(fetch: Fetch) -> None:
    document = fetch(MEMBERS)
    for kind in FAULTS:
        made = apply(Fault("*", kind), document, "/x")
        assert (made == document) == (kind in {"slow", "disconnect", "oversize"}), kind


def test_too_many_requests_says_when_to_come_back(fetch: Fetch) -> None:
    made = apply(Fault("*", "too_many_requests", options={"retry_after": 7}), fetch(MEMBERS), "/x")
    assert (made.status, dict(made.headers)) == (429, {"Retry-After": "7"})


def test_a_truncated_document_does_not_parse_and_an_error_page_claims_success(fetch: Fetch) -> None:
    cut = apply(Fault("*", "truncated", options={"keep": 0.7}), fetch(MEMBERS), "/x")
    with pytest.raises(ET.ParseError):
        ET.fromstring(cut.body)
    page = apply(Fault("*", "html_error"), fetch(MEMBERS), "/x")
    assert (page.status, page.content_type) == (200, "text/html; charset=utf-8")
    assert b"temporarily unavailable" in page.body


@pytest.mark.parametrize(
    ("style", "declared", "bytes_in"),
    [
        ("utf8", "utf8", "utf-8"),
        ("latin-1-declared", "ISO-8859-1", "utf-8"),
        ("latin-1-bytes", "utf-8", "iso-8859-1"),
        ("utf-16-declared", "utf-16", "utf-8"),
    ],
)
def test_a_wrong_encoding_is_declared_over_the_same_text(
    fetch: Fetch, style: str, declared: str, bytes_in: str
) -> None:
    document = fetch(MEMBERS)
    made = apply(Fault("*", "encoding", options={"style": style}), document, "/x")
    head, _, rest = made.body.partition(b"\n")
    assert head == f"<?xml version='1.0' encoding='{declared}'?>".encode()
    assert ET.fromstring(rest.decode(bytes_in)).findtext(".//PersonOfficialLastName") == "Aboultaif"


@pytest.mark.parametrize(
    ("address", "left"),
    [
        (MEMBERS, 0),
        ("www.parl.ca/legisinfo/en/bills/json", 0),
        ("www.parl.ca/legisinfo/en/bills/xml", 0),
        ("www.ourcommons.ca/members/en/votes/45/1/8/csv", 1),
    ],
)
def test_an_empty_list_is_still_a_list(fetch: Fetch, address: str, left: int) -> None:
    document = fetch(address)
    made = apply(Fault("*", "empty"), document, "/x")
    assert made.status == 200
    if "json" in made.content_type:
        assert len(json.loads(made.body)) == left
    elif "xml" in made.content_type:
        assert len(ET.fromstring(made.body)) == left
        assert ET.fromstring(made.body).tag == ET.fromstring(document.body).tag
    else:
        assert len(made.body.splitlines()) == left


def test_a_redirect_goes_to_the_same_place_once(fetch: Fetch) -> None:
    made = apply(Fault("*", "redirect"), fetch(MEMBERS), "/www.parl.ca/a?b=1")
    assert (made.status, dict(made.headers)) == (302, {"Location": "/www.parl.ca/a?b=1&redirected=1"})


def test_a_member_changes_party_vanishes_and_another_appears(fetch: Fetch) -> None:
    control = Control()
    before = people(fetch(MEMBERS, now=control.world))
    control.change_member(89156, caucus="Independent")
    control.remove_member(376)
    control.add_member(
        person_id=123500, honorific="", first_name="Burton", last_name="Bailey", riding_code=48034,
        riding_en="Red Deer", riding_fr="Red Deer", province="AB", caucus="Conservative",
    )  # fmt: skip
    after = people(fetch(MEMBERS, now=control.world))
    assert after["89156"] == "Independent" != before["89156"]
    assert (set(before) - set(after), set(after) - set(before)) == ({"376"}, {"123500"})
    assert control.world.revision == 3


def test_a_member_who_left_keeps_the_ballots_cast(fetch: Fetch) -> None:
    control = Control()
    control.remove_member(376)
    ballots = ET.fromstring(fetch("www.ourcommons.ca/members/en/votes/45/1/8/xml", now=control.world).body)
    assert "376" in [ballot.findtext("PersonId") for ballot in ballots]


def test_a_bill_vanishes_and_a_division_too(fetch: Fetch) -> None:
    control = Control()
    control.remove_bill("C-2")
    control.remove_division(8)
    assert fetch("www.parl.ca/legisinfo/en/bill/45-1/c-2/json", now=control.world).status == 404
    assert fetch("www.ourcommons.ca/members/en/votes/45/1/8/xml", now=control.world).status == 404
    assert (
        len(json.loads(fetch("www.parl.ca/legisinfo/en/bills/json", now=control.world).body))
        == len(World().bills) - 1
    )


@pytest.mark.parametrize(
    "change",
    [
        {"change": "change_member", "person_id": 1, "caucus": "Liberal"},
        {"change": "change_member", "person_id": 89156, "shoe_size": 44},
        {"change": "change_bill", "number": "C-2", "status": "lost_in_the_post"},
        {"change": "remove_bill", "number": "C-9999"},
        {"change": "layout", "document": "members", "variant": "sideways"},
        {"change": "abolish"},
    ],
)
def test_an_impossible_change_is_refused_and_changes_nothing(change: dict[str, object]) -> None:
    control = Control()
    status, told = control.handle("POST", "/changes", {}, json.dumps(change).encode())
    assert status == 400
    assert told["error"]
    assert control.world == World()


def test_the_panel_answers_over_http_what_it_answers_in_process() -> None:
    control = Control()
    control.record(record("/www.parl.ca/a"))
    control.record(record("/www.ourcommons.ca/b"))
    status, told = control.handle("GET", "/requests", {"path": "www.parl.ca/*"}, b"")
    assert (status, told["count"], told["requests"][0]["path"]) == (200, 1, "/www.parl.ca/a")
    assert control.handle("POST", "/faults", {}, b'{"path": "*", "kind": "blank", "times": 1}')[0] == 201
    assert control.take_fault("/x") is not None
    assert control.handle("POST", "/changes", {}, b'{"change": "remove_member", "person_id": 376}')[1] == {
        "revision": 1
    }
    state = control.handle("GET", "/state", {}, b"")[1]
    assert (state["revision"], state["members"]) == (1, len(World().members) - 1)
    assert control.handle("DELETE", "/requests", {}, b"")[0] == 200
    assert control.count() == 0
    assert control.handle("POST", "/reset", {}, b"")[1] == {"revision": 2}
    assert len(control.world.members) == len(World().members)
    assert control.handle("GET", "/nothing", {}, b"")[0] == 404
    assert control.handle("POST", "/faults", {}, b"[")[0] == 400


def test_the_log_is_found_by_pattern_and_the_count_outlives_its_limit() -> None:
    control = Control()
    for n in range(3):
        control.record(record(f"/www.parl.ca/{n}"))
    assert [made.path for made in control.requests("*/1")] == ["/www.parl.ca/1"]
    assert control.count("www.parl.ca/*") == 3


def test_extra_divisions_repeat_the_known_ones_under_new_numbers(fetch: Fetch) -> None:
    control = Control()
    control.extra_divisions(30)
    listed = ET.fromstring(fetch("www.ourcommons.ca/members/en/votes/xml", now=control.world).body)
    assert len(listed) == len(World().divisions) + 30
    assert fetch("www.ourcommons.ca/members/en/votes/45/1/1030/xml", now=control.world).status == 200
