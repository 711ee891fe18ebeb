"""The questions that agents ask, answered from the civic record over its public interface."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from hubs.ux_hub.mcp.handles import handle, read_handle
from hubs.ux_hub.mcp.lookup import CivicLookup
from hubs.ux_hub.mcp.reading import (
    Row,
    bill_line,
    cut,
    hit,
    member_line,
    said,
    seat,
    sources_of,
    speech_line,
    vote_line,
)
from hubs.ux_hub.mcp.schemas import (
    Answer,
    BillAnswer,
    BillList,
    Change,
    ChangesAnswer,
    ComparisonAnswer,
    CoverageAnswer,
    Held,
    Kind,
    Language,
    MeetingLine,
    MeetingList,
    MemberAnswer,
    PartyLine,
    RecordAnswer,
    RepresentativesAnswer,
    SearchAnswer,
    SpeechList,
    Stage,
    VotesAnswer,
)
from shared.clients.data_hub import DataHubClient
from shared.core.errors import Invalid

MAX_CHARS = 5_000
"""Characters of one answer's JSON: about 1,300 tokens, so that three calls fit in 4,000."""
A = TypeVar("A", bound=Answer)


class CivicReader:
    """Read-only questions over the record; every answer names its sources and what is not held."""

    def __init__(self, data: DataHubClient) -> None:
        self._data = data
        self._look = CivicLookup(data)

    def search(
        self,
        query: str,
        kind: Kind | None = None,
        language: Language = "en",
        limit: int = 10,
        offset: int = 0,
    ) -> SearchAnswer:
        """Find records by words, numbers or names."""
        asked: dict[str, Any] = {"q": query, "lang": language, "limit": limit, "offset": offset}
        if kind:
            asked["type"] = kind
        found = self._data.search(**asked)
        rows, total = found["data"], int(found["meta"].get("total") or 0)
        answer = SearchAnswer(total=total, hits=[hit(row, language) for row in rows])
        shown = self._fit(answer, "hits", language)
        if offset + shown < total:
            answer.more = handle(
                "search", query=query, kind=kind, language=language, limit=limit, offset=offset + shown
            )
        if answer.hits:
            answer.sources = sources_of(self._look.record(rows[0]["type"], rows[0]["id"]))
        return answer

    def get_bill(self, bill: str, session: str = "", language: Language = "en") -> BillAnswer:
        """Return a bill by number (C-11), slug or id."""
        row = self._look.find_bill(bill, session)
        stages = [
            Stage(name=said(s, "name", language), chamber=s["chamber"], state=s["state"], date=s["date"])
            for s in row.get("stages") or ()
            if s.get("date") or s.get("state")
        ]
        votes = [vote_line(v, language) for v in row.get("votes") or ()]
        links = [link["url"] for link in row.get("links") or ()]
        answer = BillAnswer(
            bill=bill_line(row, language),
            long_title=said(row, "title", language),
            sponsors=[s["name"] for s in row.get("sponsors") or ()],
            stages=stages,
            votes=votes,
            summary=cut(said(row, "summary", language), 800),
            page=links[0] if links else "",
            sources=sources_of(row),
        )
        shown = self._fit(answer, "votes", language)
        if shown < len(votes):
            answer.more = handle("list_votes", bill=row["id"], language=language, skip=shown)
        return answer

    def list_bills(
        self, session: str = "", status: str = "", sponsor: str = "", law: bool | None = None,
        since: str = "", language: Language = "en", limit: int = 15, cursor: str = "", skip: int = 0,
    ) -> BillList:  # fmt: skip
        """List bills, the most recently active first."""
        asked: dict[str, Any] = {"session": session, "status_code": status, "latest_activity_on__gte": since}
        if law is not None:
            asked["is_law"] = "true" if law else "false"
        if sponsor:
            asked["sponsor"] = self._look.find_member(sponsor)[0]["id"]
        again = {
            "session": session, "status": status, "sponsor": sponsor, "law": law, "since": since,
            "limit": limit, "language": language,
        }  # fmt: skip
        rows, following = self._look.page("bills", asked, limit, cursor)
        answer = BillList(bills=[bill_line(r, language) for r in rows[skip:]], sources=sources_of(*rows[:3]))
        return self._continued(answer, "bills", "list_bills", again, cursor, following, skip, language)

    def get_vote(self, vote: str, session: str = "", language: Language = "en") -> VotesAnswer:
        """Return a recorded vote by number (with its session), slug or id."""
        row = self._look.one("votes", vote, session)
        ballots = row.get("ballots") or ()
        dissenters = [
            f"{b['name']} ({b['party']}): {b['option']}" for b in ballots if b.get("is_dissent") is True
        ]
        bill = str(row.get("bill_key") or "").rpartition("/")[2].upper() or None
        parties = [
            PartyLine(party=p["party"], line=p["line"] or "", counts=p["counts"], dissents=p["dissents"])
            for p in row.get("party_lines") or ()
        ]
        answer = VotesAnswer(
            votes=[vote_line(row, language)], bill=bill, parties=parties, dissenters=dissenters,
            sources=sources_of(row),
        )  # fmt: skip
        self._fit(answer, "dissenters", language)
        return answer

    def list_votes(
        self, bill: str = "", session: str = "", since: str = "", until: str = "", result: str = "",
        language: Language = "en", limit: int = 15, cursor: str = "", skip: int = 0,
    ) -> VotesAnswer:  # fmt: skip
        """List recorded votes, newest first."""
        asked = {"session": session, "date__gte": since, "date__lte": until, "result": result}
        if bill:
            asked["bill"] = self._look.find_bill(bill, session)["id"]
        again = {
            "bill": bill, "session": session, "since": since, "until": until, "result": result,
            "limit": limit, "language": language,
        }  # fmt: skip
        rows, following = self._look.page("votes", asked, limit, cursor)
        answer = VotesAnswer(
            votes=[vote_line(r, language) for r in rows[skip:]], sources=sources_of(*rows[:2])
        )
        return self._continued(answer, "votes", "list_votes", again, cursor, following, skip, language)

    def get_member(self, name: str, language: Language = "en") -> MemberAnswer:
        """Return a person by name, slug or id."""
        row, others = self._look.find_member(name)
        memberships = self._data.list("memberships", person=row["id"], include="organization", limit=50)[
            "data"
        ]
        contacts = [f"{c['type']}: {c['value']}" for c in row.get("contacts") or ()]
        links = [link["url"] for link in row.get("links") or ()]
        answer = MemberAnswer(
            member=member_line(row),
            seats=[seat(m, language) for m in memberships],
            contacts=contacts,
            page=links[0] if links else "",
            also_found=others,
            sources=sources_of(row),
        )
        self._fit(answer, "seats", language)
        return answer

    def voting_record(
        self, member: str, since: str = "", language: Language = "en", limit: int = 12, skip: int = 0
    ) -> RecordAnswer:
        """Return how a member voted, newest first."""
        row, _ = self._look.find_member(member)
        cast = self._look.cast(row["id"], since, language)
        answer = RecordAnswer(
            member=member_line(row),
            looked_at=len(cast),
            totals=dict(Counter(c.option for c in cast)),
            dissents=sum(c.is_dissent is True for c in cast),
            votes=cast[skip : skip + limit],
            sources=sources_of(row, limit=1),
        )
        shown = self._fit(answer, "votes", language)
        if skip + shown < len(cast):
            answer.more = handle(
                "voting_record",
                member=row["id"],
                since=since,
                language=language,
                limit=limit,
                skip=skip + shown,
            )
        return answer

    def who_represents(self, place: str, language: Language = "en") -> RepresentativesAnswer:
        """Return who represents a constituency or a postal code."""
        rows = self._look.representatives(place)
        answer = RepresentativesAnswer(
            place=place, members=[member_line(r) for r in rows], sources=sources_of(*rows)
        )
        self._fit(answer, "members", language)
        return answer

    def find_debates(
        self, query: str = "", member: str = "", since: str = "", language: Language = "en", limit: int = 6,
        offset: int = 0,
    ) -> SpeechList:  # fmt: skip
        """Find what was said on the record, by words or by speaker."""
        asked: dict[str, Any] = {"limit": limit}
        if member:
            asked["person"] = self._look.find_member(member)[0]["id"]
        if query:
            asked |= {"q": query, "type": "speech", "offset": offset, "lang": language}
            if since:
                asked["q"] = f"{query} date:>={since}"
            found = self._data.search(**asked)
            rows = [self._look.record("speech", r["id"]) for r in found["data"]]
            total = int(found["meta"].get("total") or 0)
        else:
            rows, following = self._look.page("speeches", {**asked, "date__gte": since}, limit, "")
            total = len(rows) + (1 if following else 0)
        answer = SpeechList(speeches=[speech_line(r, language) for r in rows], sources=sources_of(*rows))
        shown = self._fit(answer, "speeches", language)
        if query and offset + shown < total:
            answer.more = handle(
                "find_debates", query=query, member=member, since=since, language=language, limit=limit,
                offset=offset + shown,
            )  # fmt: skip
        return answer

    def list_meetings(
        self, body: str = "", since: str = "", until: str = "", language: Language = "en", limit: int = 10,
        cursor: str = "", skip: int = 0,
    ) -> MeetingList:  # fmt: skip
        """List meetings, newest first; from ``since`` on, the earliest first, so that the next one leads."""
        asked = {"body_name__icontains": body, "start_date__gte": since, "start_date__lte": until}
        if since:
            asked["sort"] = "start_date"
        rows, following = self._look.page("events", asked, limit, cursor)
        meetings = [
            MeetingLine(
                id=r.get("slug") or r["id"], date=r["start_date"], starts_at=r.get("starts_at"),
                body=r.get("body_name", ""), name=said(r, "name", language), status=str(r.get("status", "")),
                agenda=[cut(said(i, "title", language), 120) for i in (r.get("agenda") or ())[:8]],
            )
            for r in rows[skip:]
        ]  # fmt: skip
        answer = MeetingList(meetings=meetings, sources=sources_of(*rows[:2]))
        again = {"body": body, "since": since, "until": until, "language": language, "limit": limit}
        return self._continued(answer, "meetings", "list_meetings", again, cursor, following, skip, language)

    def compare_members(
        self, first: str, second: str, since: str = "", language: Language = "en"
    ) -> ComparisonAnswer:
        """Return how often two members voted alike."""
        one, other = self._look.find_member(first)[0], self._look.find_member(second)[0]
        left = {c.vote.id: c for c in self._look.cast(one["id"], since, language)}
        right = {c.vote.id: c for c in self._look.cast(other["id"], since, language)}
        both = [i for i in left if i in right and {left[i].option, right[i].option} <= {"yes", "no"}]
        differing = [i for i in both if left[i].option != right[i].option]
        answer = ComparisonAnswer(
            members=[member_line(one), member_line(other)],
            both_voted=len(both),
            agreed=len(both) - len(differing),
            differed=len(differing),
            agreement_percent=round(100 * (1 - len(differing) / len(both)), 1) if both else None,
            differences=[
                f"{left[i].vote.date} {left[i].vote.session}/{left[i].vote.number}: "
                f"{left[i].option} / {right[i].option}: {cut(left[i].vote.subject, 120)}"
                for i in differing
            ],
            sources=sources_of(one, other, limit=2),
        )
        self._fit(answer, "differences", language)
        return answer

    def coverage(self, language: Language = "en") -> CoverageAnswer:
        """Return what is held and how fresh it is."""
        held = [
            Held(
                jurisdiction=r["jurisdiction"], kind=r["type"], count=r["count"], first_date=r["first_date"],
                last_date=r["last_date"], as_of=r["as_of"], is_stale=bool(r["stale"]),
            )
            for r in self._look.held()
        ]  # fmt: skip
        answer = CoverageAnswer(held=held)
        self._fit(answer, "held", language)
        return answer

    def changes_since(
        self, since: str, kind: Kind | None = None, language: Language = "en", limit: int = 25,
        after: int | None = None,
    ) -> ChangesAnswer:  # fmt: skip
        """Return what changed since a moment or a date, oldest first."""
        asked: dict[str, Any] = {"limit": limit, "type": kind and {"vote": "vote_event"}.get(kind, kind)}
        asked |= {"after": after} if after is not None else {"since": since}
        asked = {name: value for name, value in asked.items() if value not in (None, "")}
        found = self._data.request("GET", "/api/v1/changes", params=asked)
        changes = [
            Change(
                at=r["changed_at"][:19] + "Z", kind=r["type"], change=r["change"], id=r["id"],
                title=cut(said(r, "title", language), 160), fields=sorted(r["fields"])[:12],
            )
            for r in found["data"]
        ]  # fmt: skip
        answer = ChangesAnswer(changes=changes)
        if found["data"]:
            answer.sources = self._source_of_change(found["data"][-1])
        shown = self._fit(answer, "changes", language)
        if shown < len(changes) or len(changes) == limit:
            last = found["data"][shown - 1]["seq"]
            answer.more = handle(
                "changes_since", since=since, kind=kind, language=language, limit=limit, after=last
            )
        return answer

    def read_more(self, continuation: str) -> Answer:
        """Continue an answer that was cut.

        Raises: Invalid for what is no handle of ours.
        """
        name, arguments = read_handle(continuation)
        methods: dict[str, Callable[..., Answer]] = {
            "search": self.search,
            "list_bills": self.list_bills,
            "list_votes": self.list_votes,
            "voting_record": self.voting_record,
            "find_debates": self.find_debates,
            "list_meetings": self.list_meetings,
            "changes_since": self.changes_since,
        }
        try:
            return methods[name](**arguments)
        except (KeyError, TypeError):
            raise Invalid("not a handle that an answer gave") from None

    def _source_of_change(self, row: Row) -> list[Any]:
        kind = "vote" if row["type"] == "vote_event" else row["type"]
        return sources_of(self._look.record(kind, row["id"]), limit=1)

    # --- how answers are made to fit

    def _fit(self, answer: Answer, field: str, language: Language) -> int:
        """Say what is held, then drop the last items until the answer fits; return how many are left."""
        answer.coverage_note = self._look.note(language)
        items: list[Any] = getattr(answer, field)
        while len(items) > 1 and len(answer.model_dump_json()) > MAX_CHARS:
            items.pop()
        return len(items)

    def _continued(
        self, answer: A, field: str, name: str, again: dict[str, Any], cursor: str, following: str, skip: int,
        language: Language,
    ) -> A:  # fmt: skip
        total = len(getattr(answer, field))
        shown = self._fit(answer, field, language)
        if shown < total:
            answer.more = handle(name, **again, cursor=cursor, skip=skip + shown)
        elif following:
            answer.more = handle(name, **again, cursor=following)
        return answer
