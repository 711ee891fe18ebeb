"""A record to render pages from: contract models, dressed as the data hub dresses them; every text can be hostile."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timezone
from typing import Any

from shared.contracts import civic, legislation, people, proceedings
from shared.core.errors import AppError, NotFound
from tests.unit.ux_pages.poison import poison

NOW = datetime(2026, 5, 28, 16, 0, tzinfo=timezone.utc)
SOURCE = {
    "last_seen_at": NOW.isoformat(),
    "gone_at": None,
    "source_id": "ca-federal-bills",
    "url": "https://www.parl.ca/legisinfo/en/bill/45-1/c-11/json",
    "retrieved_at": NOW.isoformat(),
    "sha256": "a" * 64,
    "parser": "legisinfo@1",
    "licence": "https://www.parl.ca/important-notices",
    "run_id": "01a20971-5e49-7498-a3b0-ec31e8f0e20d",
}
_IDS = {
    "bill": 1,
    "vote": 2,
    "person": 3,
    "membership": 4,
    "organization": 5,
    "post": 6,
    "debate": 7,
    "event": 8,
}


def uuid(kind: str, number: int = 0) -> str:
    return f"01a20971-0000-7000-8000-{_IDS.get(kind, 9):04d}{number:08d}"


def dress(record: civic.Record, kind: str, slug: str, number: int = 0, **more: Any) -> dict[str, Any]:
    facts = record.model_dump(mode="json", exclude={"sources"})
    return {
        "id": uuid(kind, number),
        "type": kind,
        "slug": slug,
        "url": f"/api/v1/{kind}/{number}",
        **facts,
        "created_at": NOW.isoformat(),
        "updated_at": NOW.isoformat(),
        "last_seen_at": NOW.isoformat(),
        "licence": SOURCE["licence"],
        "sources": [dict(SOURCE)],
        **more,
    }


def membership(number: int, party: str) -> dict[str, Any]:
    record = people.MembershipRecord(
        key=f"ca/house/membership/{number}", person_key=f"ca/house/person/{number}", organization_key="ca/house",
        post_key=f"ca/house/post/{number}", role_en="Member of Parliament", role_fr="Député(e)", party=party,
        area=f"Riding {number}", province="Quebec" if number % 2 else "Ontario", start_date=date(2025, 4, 28),
    )  # fmt: skip
    extra = {"person_id": uuid("person", number), "organization_id": uuid("organization")}
    return dress(record, "membership", f"m-{number}", number, **extra)


def person(number: int, party: str = "Liberal") -> dict[str, Any]:
    record = people.PersonRecord(
        key=f"ca/house/person/{number}", name=f"Élise Member-{number}", given_name="Élise", family_name=f"M{number}",
        biography_en="<p>Served since <b>2025</b>.</p>", biography_fr="<p>Siège depuis <b>2025</b>.</p>",
        other_names=("E. M.",), honorific_prefix="Hon.",
        contacts=(
            civic.ContactDetail(type="email", value="member@example.org", note="Ottawa"),
            civic.ContactDetail(type="voice", value="613 555-0100"),
            civic.ContactDetail(type="address", value="House of Commons\nOttawa"),
            civic.ContactDetail(type="url", value="https://example.org/me"),
        ),
        links=(civic.Link(url="https://www.ourcommons.ca/Members/en/1", note="profile"),),
    )  # fmt: skip
    former = {**membership(number, "Independent"), "start_date": "2019-10-21", "end_date": "2021-08-15"}
    return dress(
        record, "person", f"elise-member-{number}", number, memberships=[membership(number, party), former]
    )


def bill(number: int = 11, *, with_texts: bool = False) -> dict[str, Any]:
    stage = legislation.BillStage
    record = legislation.BillRecord(
        key=f"ca/bill/45-1/c-{number}", session="45-1", number=f"C-{number}", title_en="An Act about trees",
        title_fr="Loi concernant les arbres", short_title_en="Trees Act", short_title_fr="Loi sur les arbres",
        type_en="House Government Bill", type_fr="Projet de loi du gouvernement", chamber="house",
        status_en="At second reading", status_fr="À la deuxième lecture", introduced_on=date(2025, 9, 26),
        latest_activity_on=date(2026, 5, 28), latest_activity_en="Referral", latest_activity_fr="Renvoi",
        royal_assent_on=date(2026, 6, 1), statute_year=2026, statute_chapter="4",
        summary_en="<p>About <em>trees</em>.</p>", summary_fr="<p>Sur les <em>arbres</em>.</p>",
        sponsors=(legislation.Sponsor(person_key="ca/house/person/1", name="Élise Member-1", title_en="Minister",
                                      title_fr="ministre", constituency="Riding 1"),),
        stages=(stage(chamber="house", code="1", name_en="First reading", name_fr="Première lecture",
                      state="Completed", date=date(2025, 9, 26)),
                stage(chamber="house", code="2", name_en="Second reading", name_fr="Deuxième lecture",
                      state="In progress", committee="TRAN"),
                stage(chamber="senate", code="3", name_en="Third reading", state="Not reached")),
        actions=(legislation.BillAction(date=date(2025, 9, 26), description_en="Introduced", description_fr="Dépôt"),),
        versions=(legislation.BillVersion(identifier="1", name_en="First Reading", name_fr="Première lecture",
                                          url_en="https://www.parl.ca/en/1", url_fr="https://www.parl.ca/fr/1"),
                  legislation.BillVersion(identifier="2", name_en="As passed", name_fr="Adopté")),
        related=(legislation.RelatedBill(bill_key="ca/bill/44-1/c-2", number="C-2"),),
        links=(civic.Link(url="https://www.parl.ca/legisinfo", note="LEGISinfo"),),
    )  # fmt: skip
    texts = [
        legislation.BillTextRecord(
            key=f"ca/bill-text/{v}/{lang}", bill_key=record.key, version=v, language=lang, text=text
        ).model_dump(mode="json")
        for v, text in (
            ("1", "One\nTwo\nThree\nFour\nFive\nSix"),
            ("2", "One\nTwo\nThree\nFour\nFive\nSeven"),
        )
        for lang in ("en", "fr")
    ]
    shown = dress(record, "bill", f"45-1-c-{number}", number, is_law=False, votes=[vote()])
    shown["sponsors"][0]["person_id"] = uuid("person", 1)
    shown["related"][0]["bill_id"] = uuid("bill", 2)
    return {**shown, "texts": texts} if with_texts else shown


def vote(number: int = 123, ballots: int = 40) -> dict[str, Any]:
    parties = ("Liberal", "Conservative", "Bloc Québécois", "NDP", "Green Party", "")
    cast = []
    for i in range(ballots):
        option = ("yes", "yes", "no", "yes", "paired")[i % 5]
        cast.append(
            {"position": i, "date": "2026-05-25", "person_key": f"ca/house/person/{i}", "name": f"Élise Member-{i}",
             "option": option, "party": parties[i % 6], "constituency": f"Riding {i}", "identifiers": [],
             "is_dissent": i == 7, "person_id": uuid("person", i), "person_url": ""}
        )  # fmt: skip
    lines = [
        {"party": party, "line": "yes", "dissents": 1 if i == 1 else 0,
         "counts": dict(Counter(b["option"] for b in cast if b["party"] == party))}
        for i, party in enumerate(parties)
    ]  # fmt: skip
    record = legislation.VoteEventRecord(
        key=f"ca/house/vote/45-1/{number}", organization_key="ca/house", session="45-1", number=number,
        date=date(2026, 5, 25), occurred_at=datetime(2026, 5, 25, 19, 35, tzinfo=timezone.utc),
        subject_en="3rd reading of Bill C-11", subject_fr="3e lecture du projet de loi C-11",
        motion_en="<p>That the bill be read.</p>", motion_fr="<p>Que le projet soit lu.</p>", result="pass",
        bill_key="ca/bill/45-1/c-11",
    )  # fmt: skip
    return dress(
        record, "vote", f"45-1-{number}", number, ballots=cast, yes_count=24, no_count=8, paired_count=8,
        ballot_count=ballots, is_consistent=False, party_lines=lines, bill_id=uuid("bill", 11),
        bill={"number": "C-11", "slug": "45-1-c-11"},
    )  # fmt: skip


def ballot(number: int) -> dict[str, Any]:
    cast: dict[str, Any] = vote()["ballots"][number]
    shown = {
        "slug": "45-1-123",
        "number": 123,
        "title_en": "3rd reading",
        "title_fr": "3e lecture",
        "result": "pass",
    }
    return {**cast, "vote": shown}


def organization(kind: str = "committee", name: str = "Committee on Trees") -> dict[str, Any]:
    record = people.OrganizationRecord(
        key="ca/committee/tran",
        name_en=name,
        name_fr="Comité des arbres",
        classification=kind,
        abbreviation="TRAN",
    )  # type: ignore[arg-type]
    return dress(record, "organization", "ca-committee-tran")


def post(number: int) -> dict[str, Any]:
    record = people.PostRecord(
        key=f"ca/house/post/{number}", organization_key="ca/house", label_en=f"Member for Riding {number}",
        label_fr=f"Député de Riding {number}", division_name=f"Riding {number}", is_vacant=number == 2,
    )  # fmt: skip
    return dress(record, "post", f"post-{number}", number, memberships=[membership(number, "Liberal")])


def debate() -> dict[str, Any]:
    record = proceedings.DebateRecord(
        key="ca/house/debate/45-1/100", organization_key="ca/house", date=date(2026, 5, 25), session="45-1",
        number="100", title_en="Debates of the House", title_fr="Débats de la Chambre",
        url_en="https://www.ourcommons.ca/en/1", url_fr="https://www.ourcommons.ca/fr/1",
    )  # fmt: skip
    return dress(record, "debate", "house-45-1-100", organization=organization("chamber", "House of Commons"))


def speech(number: int) -> dict[str, Any]:
    record = proceedings.SpeechRecord(
        key=f"ca/house/speech/45-1/100/{number}", debate_key="ca/house/debate/45-1/100", sequence=number,
        time=datetime(2026, 5, 25, 18, number, tzinfo=timezone.utc), speaker_name="Élise Member-1",
        attribution_en="Hon. Élise Member-1 (Lib.)", attribution_fr="L’hon. Élise Member-1 (Lib.)",
        h1_en="Government Orders", h1_fr="Initiatives ministérielles", h2_en="Trees Act", h2_fr="Loi sur les arbres",
        floor_language="en",
        paragraphs=(proceedings.Paragraph(id="1", text_en="Trees <em>matter</em>.", text_fr="Les arbres comptent."),
                    proceedings.Paragraph(id="2", text_en="Only in English.")),
    )  # fmt: skip
    return dress(
        record, "speech", f"speech-{number}", number, person_id=uuid("person", 1), debate_id=uuid("debate")
    )


def event() -> dict[str, Any]:
    motion = proceedings.Motion(
        text_en="That it <b>pass</b>.", mover="A. Mover", seconder="B. Second", result="pass",
        counts=(civic.VoteCount(option="yes", value=5),),
    )  # fmt: skip
    record = proceedings.EventRecord(
        key="ca/tran/meeting/1", name_en="Council meeting", name_fr="Séance du conseil", body_name="City Council",
        start_date=date(2026, 6, 1), starts_at=datetime(2026, 6, 1, 13, 0, tzinfo=timezone.utc), location="Room 1",
        agenda=(proceedings.AgendaItem(order=1, number="1.1", title_en="Trees", notes="<p>Notes</p>",
                                       links=(civic.Link(url="https://example.org/item", note="report"),),
                                       motions=(motion,)),),
    )  # fmt: skip
    document = dress(
        proceedings.DocumentRecord(key="doc/1", title_en="Agenda", url="https://example.org/a.pdf"),
        "document",
        "doc-1",
    )
    return dress(record, "event", "tran-1", documents=[document], votes=[vote()], organization=organization())


def change(number: int) -> dict[str, Any]:
    return {
        "seq": number, "type": "bill", "change": "update", "id": uuid("bill", 11), "key": "ca/bill/45-1/c-11",
        "url": "", "jurisdiction": civic.FEDERAL, "title_en": "An Act about trees", "title_fr": "Loi", "fields":
        {"status_en": ["a", "b"]}, "source_id": "ca-federal-bills", "run_id": None, "changed_at": NOW.isoformat(),
    }  # fmt: skip


def coverage() -> list[dict[str, Any]]:
    kinds = ("bill", "vote_event", "person", "organization", "debate", "event", "speech")
    return [
        {"jurisdiction": civic.FEDERAL, "type": kind, "url": f"/api/v1/{kind}s", "count": 1234, "first_date":
         "2025-05-26", "last_date": "2026-05-28", "updated_at": NOW.isoformat(), "as_of": NOW.isoformat(),
         "promise_hours": 26, "stale": kind == "person", "sources": ["ca-federal-bills"]}
        for kind in kinds
    ]  # fmt: skip


def hit(kind: str) -> dict[str, Any]:
    found = {
        "id": uuid(kind), "type": kind, "url": "", "key": "k", "slug": "45-1-c-11", "jurisdiction": civic.FEDERAL,
        "title_en": "An Act about trees", "title_fr": "Loi", "date": "2026-05-25", "party": "Liberal", "score": 1.0,
        "snippet_en": "about <mark>trees</mark>", "snippet_fr": "sur les <mark>arbres</mark>",
    }  # fmt: skip
    if kind == "speech":
        found |= {"debate": {"id": uuid("debate")}, "anchor": "house-45-1-100/speech-3", "person":
                  {"id": uuid("person", 1), "name": "Élise"}}  # fmt: skip
    if kind == "bill":
        found |= {"number": "C-11", "session": "45-1", "status_en": "At second reading", "status_fr": ""}
    return found


def search() -> dict[str, Any]:
    facets = {
        "type": [{"value": "bill", "count": 2}, {"value": "speech", "count": 1}],
        "party": [{"value": "Liberal", "count": 2}, {"value": "NDP", "count": 1}],
        "jurisdiction": [{"value": civic.FEDERAL, "count": 3}],
        "year": [{"value": 2025, "count": 1}, {"value": 2026, "count": 2}],
    }
    meta = {"total": 61, "facets": facets, "did_you_mean": "trees", "shortcut": hit("bill"), "position": 9,
            "is_rebuilding": True, "took_ms": 0.4}  # fmt: skip
    return {"data": [hit("bill"), hit("speech"), hit("person"), hit("document")], "next": None, "meta": meta}


def place() -> dict[str, Any]:
    boundary = {
        "id": uuid("x"),
        "name_en": "Riding 1",
        "name_fr": "Circonscription 1",
        "set": "federal",
        "slug": "r1",
    }
    row = {"person": person(1), "membership": membership(1, "Liberal"), "post": post(1), "is_vacant": False,
           "boundary": boundary, "confidence": 0.9, "method": "concordance"}  # fmt: skip
    vacant = {**row, "person": None, "membership": None, "is_vacant": True, "confidence": 0.1}
    meta = {"method": "concordance", "confidence": 0.9, "is_ambiguous": True, "ask_for_address": True,
            "message_en": "More than one riding.", "message_fr": "Plus d’une circonscription."}  # fmt: skip
    return {"data": [row, vacant], "meta": meta}


HEALTH: dict[str, Any] = {
    "state": "degraded", "score": 86, "roots": ["postgresql"], "checked_at": NOW.isoformat(),
    "targets": [
        {"name": "data", "state": "down", "reason": "away", "latency_ms": 7.4, "checked_at": NOW.isoformat(),
         "since": NOW.isoformat(), "depends_on": ["postgresql"], "caused_by": ["postgresql"], "dependants": ["ux"]},
        {"name": "ux", "state": "up", "reason": "", "latency_ms": None, "checked_at": None, "since": None,
         "depends_on": [], "caused_by": [], "dependants": []},
    ],
}  # fmt: skip


def indicator(name: str) -> list[dict[str, Any]]:
    if name == "agreement":
        return [
            {"member": f"ca/house/person/{i}", "name": f"Élise Member-{i}", "party": "NDP" if i % 2 else "Liberal",
             "votes": 20 + i if i else 3, "agreed": 20 - i, "agreement": 1 - i / 20}
            for i in range(12)
        ]  # fmt: skip
    if name == "attendance":
        return [{"member": "k", "name": "n", "took_part": 9, "held": 12, "attendance": 0.75}]
    return [{"member": "k", "name": "n", "party": "NDP", "votes": 8, "dissents": 1, "dissent_rate": 0.125}]


class FakeHubs:
    """Answers like the data and operations hubs; counts how often it is asked."""

    def __init__(self, *, hostile: str = "", is_empty: bool = False, failing: AppError | None = None) -> None:
        self.hostile = hostile
        self.is_empty = is_empty
        self.failing = failing
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def request(self, method: str, path: str, *, params: dict[str, Any] | None = None, **_: Any) -> Any:
        self.asked.append((path, dict(params or {})))
        if self.failing is not None:
            raise self.failing
        answer = self._answer(path.removeprefix("/api/v1/"), params or {})
        return poison(answer, self.hostile) if self.hostile else answer

    def _answer(self, path: str, params: dict[str, Any]) -> Any:
        head, _, item = path.partition("/")
        if head == "indicators":
            return {"rows": [] if self.is_empty else indicator(item)}
        if head == "health":
            return HEALTH
        if head == "coverage":
            return {"data": [] if self.is_empty else coverage(), "meta": {"stale": 0}}
        if head == "search":
            return search()
        if head == "changes":
            return {"data": [change(i) for i in range(1, 6)], "next": None, "meta": {"position": 5}}
        if head == "history":
            return {"changes": [change(2), change(1)], "revisions": []}
        if head == "representatives":
            if params["postal_code"] == "X0X0X0":
                raise NotFound("not on record")
            return place()
        if item:
            return self._one(head, item) | self._lately(params.get("include", ""))
        rows = [] if self.is_empty else self._rows(head)
        return {
            "data": rows,
            "next": None if self.is_empty else f"/api/v1/{head}?limit=1&cursor=abc",
            "previous": None,
            "meta": {"freshness": {"as_of": NOW.isoformat(), "stale": True}, "total": None},
        }

    def _one(self, head: str, item: str) -> Any:
        made: dict[str, Any] = {
            "bills": lambda: bill(with_texts=True), "votes": vote, "people": lambda: person(1), "debates": debate,
            "organizations": organization, "events": event,
        }  # fmt: skip
        if head not in made:
            raise NotFound(f"no {head}")
        found = made[head]()
        if item not in (found["slug"], found["id"]) and not self.hostile:
            raise NotFound(f"no {item}")
        return found

    def _lately(self, include: str) -> dict[str, Any]:
        if "recent" not in include.split(","):
            return {}
        made: dict[str, list[Any]] = {"bills": [], "speeches": [], "ballots": []}
        if not self.is_empty:
            made = {"bills": [bill(11), bill(12)], "speeches": [speech(3), speech(4)]}
            made["ballots"] = [ballot(0), ballot(1)]
        return {"recent": made}

    def _rows(self, head: str) -> list[Any]:
        made: dict[str, Any] = {
            "bills": lambda: [bill(11), bill(12)], "votes": lambda: [vote(123), vote(122)],
            "people": lambda: [person(1), person(2, "NDP"), person(3, "")], "debates": lambda: [debate()],
            "speeches": lambda: [speech(3), speech(4)], "events": lambda: [event()],
            "organizations": lambda: [organization("party", "Liberal")], "committees": lambda: [organization()],
            "memberships": lambda: [{**membership(1, "Liberal"), "person": person(1)}],
            "posts": lambda: [post(1), post(2)], "jurisdictions": list,
            "sessions": lambda: [{"identifier": "45-1", "name_en": "45th, 1st session", "name_fr": "45e, 1re"}],
        }  # fmt: skip
        return list(made.get(head, list)())


SOURCES: list[dict[str, Any]] = [
    {"id": "ca-federal-bills", "title_en": "Bills", "title_fr": "Projets de loi", "jurisdiction_en": "Canada",
     "jurisdiction_fr": "Canada", "licence": "https://example.org/terms", "status": "active", "reason": ""},
    {"id": "ca-x", "title_en": "X", "title_fr": "X", "jurisdiction_en": "", "jurisdiction_fr": "", "licence":
     "as published", "status": "broken", "reason": "the site is gone"},
]  # fmt: skip
