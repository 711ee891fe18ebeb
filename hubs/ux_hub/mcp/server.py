"""The model context server: thirteen read-only tools, resources by address, and prompts.

Imported at first use only: the protocol's library takes 55 MiB.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any, Literal, ParamSpec, TypeVar

from anyio import to_thread
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from hubs.ux_hub.mcp import schemas as s
from hubs.ux_hub.mcp.service import CivicReader
from shared.core.errors import AppError
from shared.http.json import dumps

P = ParamSpec("P")
R = TypeVar("R")
Audit = Callable[[str, dict[str, Any], str, float], None]
"""Notes a call: tool, arguments, outcome, seconds."""

INSTRUCTIONS = """Canada's public civic record: bills, recorded votes, members, debates and meetings.
Every answer names the documents it was read from (sources) and what is held here and what is not
(coverage_note): when something is not held, say so and do not guess. Ask with language="fr" for French.
When an answer has a `more` handle, call read_more with it to go on.
Le dossier civique public du Canada, avec ses sources. Chaque réponse nomme ses documents et dit ce qui
n'est pas détenu ici. Demandez language="fr" pour le français."""

_PROMPTS: dict[str, dict[str, str]] = {
    "explain_bill": {
        "en": "Explain bill {} to a citizen: what it is for, who sponsors it, where it stands, the votes."
        " Use get_bill, then votes. Cite the sources and guess nothing.",
        "fr": "Explique à un citoyen le projet de loi {} : son but, son parrain, où il en est, les votes."
        " Utilise get_bill puis votes, avec language=fr. Cite les sources et ne devine rien.",
    },
    "member_at_a_glance": {
        "en": "Present {}: seat, party and recent votes, those against the own party included."
        " Use get_member, then voting_record. Cite the sources.",
        "fr": "Présente {} : siège, parti et votes récents, y compris contre son parti."
        " Utilise get_member puis voting_record, avec language=fr. Cite les sources.",
    },
    "what_happened_since": {
        "en": "Sum up what changed since {} with changes_since. Cite the sources.",
        "fr": "Résume ce qui a changé depuis le {} avec changes_since (language=fr). Cite les sources.",
    },
}
Lang = Annotated[s.Language, Field(description="en or fr")]
Day = Annotated[
    str, Field(description="a date, YYYY-MM-DD; empty: no bound", pattern=r"^(\d{4}-\d{2}-\d{2})?$")
]
Member = Annotated[str, Field(description="a name, slug or id of a member", min_length=2, max_length=120)]
Many = Annotated[int, Field(description="items at most", ge=1, le=50)]
Session = Annotated[str, Field(description="a session such as 45-1; empty: the latest", max_length=12)]
_READ_ONLY = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)


def build_server(reader: CivicReader, audit: Audit) -> MCPServer[Any]:
    """Return a server over a reader; every call is noted."""
    server: MCPServer[Any] = MCPServer(
        "openpolicy",
        title="OpenPolicy: Canada's civic record",
        instructions=INSTRUCTIONS,
        log_level="WARNING",
    )

    async def answered(name: str, question: Callable[..., R], /, **arguments: Any) -> R:
        began = time.perf_counter()
        outcome = "failed"
        try:
            found = await to_thread.run_sync(lambda: question(**arguments))
            outcome = "answered"
            return found
        except AppError as error:
            outcome = error.code
            raise ToolError(error.detail) from None
        finally:
            await to_thread.run_sync(audit, name, arguments, outcome, time.perf_counter() - began)

    def tool(title: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
        def register(function: Callable[P, R]) -> Callable[P, R]:
            server.tool(title=title, annotations=_READ_ONLY, structured_output=True)(function)
            return function

        return register

    @tool("Search the record")
    async def search(
        query: Annotated[str, Field(description="words, a number or a name", min_length=1, max_length=300)],
        kind: s.Kind | None = None,
        language: Lang = "en",
        limit: Many = 10,
    ) -> s.SearchAnswer:
        """Find bills, votes, members, speeches, meetings and documents by words, numbers or names."""
        return await answered("search", reader.search, query=query, kind=kind, language=language, limit=limit)

    @tool("A bill")
    async def get_bill(
        bill: Annotated[str, Field(description="a number such as C-11, a slug or an id", max_length=80)],
        session: Session = "",
        language: Lang = "en",
    ) -> s.BillAnswer:
        """Return a bill: titles, sponsor, status, every stage with its date, and its recorded votes."""
        return await answered("get_bill", reader.get_bill, bill=bill, session=session, language=language)

    @tool("Bills")
    async def list_bills(
        session: Session = "",
        status: Annotated[str, Field(description="a status code", max_length=80)] = "",
        sponsor: Annotated[str, Field(description="name of the sponsoring member", max_length=120)] = "",
        law: Annotated[bool | None, Field(description="only bills that became law, or that did not")] = None,
        since: Day = "",
        language: Lang = "en",
        limit: Many = 15,
    ) -> s.BillList:
        """List bills, the most recently active first."""
        return await answered(
            "list_bills", reader.list_bills, session=session, status=status, sponsor=sponsor, law=law,
            since=since, language=language, limit=limit,
        )  # fmt: skip

    @tool("Recorded votes")
    async def votes(
        vote: Annotated[str, Field(description="one vote: its number, slug or id", max_length=80)] = "",
        bill: Annotated[str, Field(description="only votes on this bill", max_length=80)] = "",
        session: Session = "",
        since: Day = "",
        until: Day = "",
        result: Literal["", "pass", "fail", "tie"] = "",
        language: Lang = "en",
        limit: Many = 15,
    ) -> s.VotesAnswer:
        """Return one recorded vote with party lines and who broke ranks, or list votes, newest first."""
        if vote:
            return await answered("votes", reader.get_vote, vote=vote, session=session, language=language)
        return await answered(
            "votes", reader.list_votes, bill=bill, session=session, since=since, until=until, result=result,
            language=language, limit=limit,
        )  # fmt: skip

    @tool("A member")
    async def get_member(name: Member, language: Lang = "en") -> s.MemberAnswer:
        """Return a person in public office: seats held, party, area, contacts."""
        return await answered("get_member", reader.get_member, name=name, language=language)

    @tool("A member's votes")
    async def voting_record(
        member: Member, since: Day = "", language: Lang = "en", limit: Many = 12
    ) -> s.RecordAnswer:
        """Return how a member voted, newest first, with totals and votes against the own party."""
        return await answered(
            "voting_record", reader.voting_record, member=member, since=since, language=language, limit=limit
        )

    @tool("Who represents a place")
    async def who_represents(
        place: Annotated[str, Field(description="constituency or postal code", min_length=2, max_length=120)],
        language: Lang = "en",
    ) -> s.RepresentativesAnswer:
        """Return who represents a constituency or a postal code."""
        return await answered("who_represents", reader.who_represents, place=place, language=language)

    @tool("Debates")
    async def find_debates(
        query: Annotated[str, Field(description="words that were said", max_length=300)] = "",
        member: Annotated[str, Field(description="who said it", max_length=120)] = "",
        since: Day = "",
        language: Lang = "en",
        limit: Annotated[int, Field(ge=1, le=20)] = 6,
    ) -> s.SpeechList:
        """Find what was said in debates and committees, by words or by speaker."""
        return await answered(
            "find_debates", reader.find_debates, query=query, member=member, since=since, language=language,
            limit=limit,
        )  # fmt: skip

    @tool("Meetings")
    async def list_meetings(
        body: Annotated[str, Field(description="name of a committee or council", max_length=120)] = "",
        since: Day = "",
        until: Day = "",
        language: Lang = "en",
        limit: Many = 10,
    ) -> s.MeetingList:
        """List meetings of committees and councils with their agendas: newest first, or from a date on."""
        return await answered(
            "list_meetings", reader.list_meetings, body=body, since=since, until=until, language=language,
            limit=limit,
        )  # fmt: skip

    @tool("Compare two members")
    async def compare_members(
        first: Member, second: Member, since: Day = "", language: Lang = "en"
    ) -> s.ComparisonAnswer:
        """Return how often two members voted alike, and on what they differed."""
        return await answered(
            "compare_members",
            reader.compare_members,
            first=first,
            second=second,
            since=since,
            language=language,
        )

    @tool("Coverage")
    async def coverage(language: Lang = "en") -> s.CoverageAnswer:
        """Return what is held per jurisdiction and kind, and how fresh it is."""
        return await answered("coverage", reader.coverage, language=language)

    @tool("What changed since")
    async def changes_since(
        since: Annotated[str, Field(description="a date or moment: 2026-05-01", min_length=8, max_length=40)],
        kind: s.Kind | None = None,
        language: Lang = "en",
        limit: Many = 25,
    ) -> s.ChangesAnswer:
        """Return what changed in the record since a moment, oldest first."""
        return await answered(
            "changes_since", reader.changes_since, since=since, kind=kind, language=language, limit=limit
        )

    _add_continuation(server, reader, answered)
    _add_resources(server, reader)
    _add_prompts(server)
    return server


def _add_continuation(server: MCPServer[Any], reader: CivicReader, answered: Callable[..., Any]) -> None:
    @server.tool(title="Read more", annotations=_READ_ONLY, structured_output=True)
    async def read_more(
        handle: Annotated[str, Field(description="the `more` of an answer", min_length=4, max_length=4_000)],
    ) -> dict[str, Any]:
        """Continue an answer that was cut, by the handle in its `more`."""
        found: s.Answer = await answered("read_more", reader.read_more, continuation=handle)
        return found.model_dump(mode="json")


def _add_resources(server: MCPServer[Any], reader: CivicReader) -> None:
    def resource(uri: str, title: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
        return server.resource(uri, title=title, mime_type="application/json")

    @resource("openpolicy://bills/{bill}", "A bill / Un projet de loi")
    async def bill_resource(bill: str) -> str:
        """Return a bill by slug (45-1-c-11), number or id."""
        return await _as_json(reader.get_bill, bill)

    @resource("openpolicy://votes/{vote}", "A recorded vote / Un vote consigné")
    async def vote_resource(vote: str) -> str:
        """Return a recorded vote by slug (45-1-123) or id."""
        return await _as_json(reader.get_vote, vote)

    @resource("openpolicy://members/{member}", "A member / Un député")
    async def member_resource(member: str) -> str:
        """Return a member by slug, name or id."""
        return await _as_json(reader.get_member, member)

    @resource("openpolicy://coverage", "What is held / Ce qui est détenu")
    async def coverage_resource() -> str:
        """Return what is held and how fresh it is."""
        return await _as_json(reader.coverage)


async def _as_json(question: Callable[..., s.Answer], *arguments: str) -> str:
    found = await to_thread.run_sync(lambda: question(*arguments))
    return dumps(found).decode()


def _add_prompts(server: MCPServer[Any]) -> None:
    @server.prompt(title="Explain a bill / Expliquer un projet de loi")
    def explain_bill(bill: str, language: s.Language = "en") -> str:
        """Explain where a bill stands, for a citizen."""
        return _PROMPTS["explain_bill"][language].format(bill)

    @server.prompt(title="A member at a glance / Un député en bref")
    def member_at_a_glance(member: str, language: s.Language = "en") -> str:
        """Sum up a member's seat and recent votes."""
        return _PROMPTS["member_at_a_glance"][language].format(member)

    @server.prompt(title="What happened since / Ce qui s'est passé depuis")
    def what_happened_since(since: str, language: s.Language = "en") -> str:
        """Sum up what changed since a date."""
        return _PROMPTS["what_happened_since"][language].format(since)
