"""Open Civic Data scrapes as pupa writes them: a folder of JSON files named after what each holds.

Format: https://open-civic-data.readthedocs.io/ and the schemas of https://github.com/opencivicdata/pupa.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hubs.business_hub.op_import.errors import Unreadable
from hubs.business_hub.op_import.formats.base import (
    Item,
    Parsed,
    Problem,
    ReadContext,
    day_of,
    make,
    shaped,
    text_of,
    words_of,
)
from hubs.business_hub.op_import.formats.pupa_parts import (
    OPTIONS,
    Cast,
    Entry,
    identifiers,
    links,
    pseudo,
    versions,
)
from hubs.business_hub.op_import.reading.documents import Document
from hubs.business_hub.op_import.reading.pieces import PieceReader
from shared.contracts.keys import slug
from shared.contracts.legislation import BillRecord, SessionRecord, VoteEventRecord
from shared.contracts.people import (
    JurisdictionRecord,
    MembershipRecord,
    OrganizationRecord,
    PersonRecord,
    PostRecord,
)
from shared.contracts.proceedings import EventRecord

ORDER = ("jurisdiction", "organization", "person", "post", "membership", "bill", "vote_event", "event")
_NAME = re.compile(rf"(?:^|/)({'|'.join(ORDER)})_[^/]+\.json$")
_CONTACTS = {"address", "email", "voice", "fax", "cell", "url"}
_BODIES = {
    "legislature": "legislature", "upper": "chamber", "lower": "chamber", "party": "party",
    "committee": "committee", "subcommittee": "subcommittee", "council": "council",
}  # fmt: skip
_CHAMBERS = {"upper": "senate", "lower": "house", "legislature": "legislature"}
_LEVELS = {"province": "provincial", "territory": "provincial", "csd": "municipal", "cd": "regional"}


class Pupa:
    """A scrape of one jurisdiction; ids are random, so keys are made of what things are called."""

    name = "pupa"
    title_en = "Open Civic Data / pupa (folder of JSON)"
    title_fr = "Open Civic Data / pupa (dossier de JSON)"
    version = "pupa/1"

    def recognises(self, document: Document) -> bool:
        """Tell a file by its name."""
        return _NAME.search(document.name) is not None

    def read(self, documents: Sequence[Document], context: ReadContext) -> Iterator[Item]:
        """Yield everything in the order in which it refers to one another."""
        by_type: dict[str, list[Document]] = {}
        for document in documents:
            match = _NAME.search(document.name)
            by_type.setdefault(match[1] if match else "", []).append(document)
        reading, votes = _Reading(context, self.version), PieceReader("votes")
        readers = {
            "jurisdiction": reading.jurisdiction,
            "organization": reading.organization,
            "person": reading.person,
            "post": reading.post,
            "membership": reading.membership,
            "bill": reading.bill,
            "vote_event": reading.vote,
            "event": reading.event,
        }
        for kind in ORDER:
            for document in by_type.get(kind, []):
                try:
                    # The same few hundred members say yes or no again and again.
                    shared = votes.read(document.read()) if kind == "vote_event" else None
                    entry = document.json() if shared is None else shared
                    if not isinstance(entry, dict):
                        raise Unreadable(f"{document.name} is no object")
                    yield from shaped(readers[kind](document, entry), document)
                except Unreadable as error:
                    yield Problem(document.name, None, "", "unreadable", error.detail)


class _Reading:
    def __init__(self, context: ReadContext, parser: str) -> None:
        self._context = context
        self._parser = parser
        self._jurisdiction = context.jurisdiction
        self._keys: dict[str, str] = {}
        """Ids of this scrape to keys."""
        self._bodies: dict[str, str] = {}
        """Names and classifications of organizations to keys."""
        self._people: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._cast = Cast(self._voter)

    @property
    def _prefix(self) -> str:
        path = self._jurisdiction.removeprefix("ocd-jurisdiction/")
        return path if path and path != self._jurisdiction else f"pupa/{slug(self._context.dataset) or 'set'}"

    def _common(self, document: Document, entry: Entry) -> dict[str, Any]:
        sources = entry.get("sources") or []
        url = text_of(sources[0].get("url")) if sources else ""
        return {
            "jurisdiction": self._jurisdiction or self._prefix,
            "sources": (self._context.source(document, self._parser, url),),
        }

    def jurisdiction(self, document: Document, entry: Entry) -> Iterator[Item]:
        """The government, and its sessions."""
        self._jurisdiction = self._context.jurisdiction or text_of(entry.get("_id"))
        common = self._common(document, entry)
        division = text_of(entry.get("division_id"))
        last = division.rpartition("/")[2].partition(":")[0]
        yield from make(
            JurisdictionRecord,
            document,
            None,
            key=f"{self._prefix}/jurisdiction",
            ocd_id=self._jurisdiction,
            name_en=text_of(entry.get("name")),
            level="federal" if last == "country" else _LEVELS.get(last, "other"),
            division_id=division,
            url=text_of(entry.get("url")),
            **common,
        )
        for row, session in enumerate(entry.get("legislative_sessions") or [], start=1):
            identifier = text_of(session.get("identifier"))
            yield from make(
                SessionRecord,
                document,
                row,
                key=f"{self._prefix}/session/{slug(identifier)}",
                identifier=identifier,
                name_en=text_of(session.get("name")),
                start_date=day_of(session.get("start_date")),
                end_date=day_of(session.get("end_date")),
                **common,
            )

    def organization(self, document: Document, entry: Entry) -> Iterator[Item]:
        """A body, found later by id, name or classification."""
        name, classification = text_of(entry.get("name")), text_of(entry.get("classification"))
        key = f"{self._prefix}/organization/{slug(classification)}/{slug(name)}"
        self._keys[text_of(entry.get("_id"))] = key
        self._bodies.setdefault(name.lower(), key)
        if classification in {"upper", "lower", "legislature", "government", "executive"}:
            self._bodies.setdefault(f"#{classification}", key)
        yield from make(
            OrganizationRecord,
            document,
            None,
            key=key,
            name_en=name,
            classification=_BODIES.get(classification, "other"),
            parent_key=self._body(entry.get("parent_id")),
            start_date=day_of(entry.get("founding_date")),
            end_date=day_of(entry.get("dissolution_date")),
            identifiers=identifiers(entry),
            links=links(entry),
            **self._common(document, entry),
        )

    def person(self, document: Document, entry: Entry) -> Iterator[Item]:
        """A person, under the first identifier there is, else under the name."""
        name = text_of(entry.get("name"))
        marks = identifiers(entry)
        first = marks[0] if marks else None
        tail = f"{slug(first['scheme'])}:{slug(first['value'])}" if first else f"name:{slug(name)}"
        key = f"{self._prefix}/person/{tail}"
        if first is None and key in self._names:
            key = f"{key}~{slug(text_of(entry.get('birth_date'))) or slug(document.name)[-8:]}"
        self._keys[text_of(entry.get("_id"))] = key
        self._people.setdefault(name, key)
        self._names[key] = name
        yield from make(
            PersonRecord,
            document,
            None,
            key=key,
            name=name,
            given_name=text_of(entry.get("given_name")),
            family_name=text_of(entry.get("family_name")),
            gender=text_of(entry.get("gender")),
            birth_date=text_of(entry.get("birth_date")),
            image=text_of(entry.get("image")),
            biography_en=text_of(entry.get("biography") or entry.get("summary")),
            other_names=[text_of(one.get("name")) for one in entry.get("other_names") or []],
            identifiers=marks,
            contacts=[
                {"type": one["type"], "value": text_of(one.get("value")), "note": text_of(one.get("note"))}
                for one in entry.get("contact_details") or []
                if one.get("type") in _CONTACTS
            ],
            links=links(entry),
            **self._common(document, entry),
        )

    def post(self, document: Document, entry: Entry) -> Iterator[Item]:
        """A seat of a body."""
        body = self._body(entry.get("organization_id"))
        if body is None:
            yield Problem(document.name, None, "organization_id", "unresolved", "no such organization")
            return
        label = text_of(entry.get("label"))
        key = f"{self._prefix}/post/{body.rpartition('/')[2]}/{slug(label)}"
        self._keys[text_of(entry.get("_id"))] = key
        yield from make(
            PostRecord,
            document,
            None,
            key=key,
            organization_key=body,
            label_en=label,
            role_en=text_of(entry.get("role")),
            division_id=text_of(entry.get("division_id")),
            **self._common(document, entry),
        )

    def membership(self, document: Document, entry: Entry) -> Iterator[Item]:
        """A person in a body."""
        person = self._person(entry.get("person_id")) or self._people.get(text_of(entry.get("person_name")))
        body = self._body(entry.get("organization_id"))
        if person is None or body is None:
            column = "person_id" if person is None else "organization_id"
            yield Problem(document.name, None, column, "unresolved", "refers to nothing in this folder")
            return
        start, role = day_of(entry.get("start_date")), text_of(entry.get("role"))
        post = self._keys.get(text_of(entry.get("post_id")))
        who, where = person.rpartition("/")[2], body.rpartition("/")[2]
        tail = "/".join(part for part in (slug(role), str(start or "")) if part) or "member"
        yield from make(
            MembershipRecord,
            document,
            None,
            key=f"{self._prefix}/membership/{who}/{where}/{tail}",
            person_key=person,
            organization_key=body,
            post_key=post,
            on_behalf_of_key=self._body(entry.get("on_behalf_of_id")),
            role_en=role,
            start_date=start,
            end_date=day_of(entry.get("end_date")),
            **self._common(document, entry),
        )

    def bill(self, document: Document, entry: Entry) -> Iterator[Item]:
        """A bill with its titles, sponsors, actions and texts."""
        session, number = text_of(entry.get("legislative_session")), text_of(entry.get("identifier"))
        key = f"{self._prefix}/bill/{slug(session)}/{slug(number)}"
        self._keys[text_of(entry.get("_id"))] = key
        origin = pseudo(entry.get("from_organization"))
        chamber = _CHAMBERS.get(text_of(origin.get("classification")), "legislature")
        titles = [text_of(one.get("title")) for one in entry.get("other_titles") or []]
        abstracts = [text_of(one.get("abstract")) for one in entry.get("abstracts") or []]
        actions = sorted(
            (
                {
                    "date": text_of(one.get("date"))[:10],
                    "chamber": _CHAMBERS.get(
                        text_of(pseudo(one.get("organization_id")).get("classification"))
                    ),
                    "description_en": text_of(one.get("description")),
                    "classification": ", ".join(words_of(one.get("classification"))),
                }
                for one in entry.get("actions") or []
            ),
            key=lambda action: str(action["date"]),
        )
        yield from make(
            BillRecord,
            document,
            None,
            key=key,
            session=session,
            number=number,
            title_en=text_of(entry.get("title")),
            short_title_en=titles[0] if titles else "",
            type_en=", ".join(words_of(entry.get("classification"))),
            chamber=chamber,
            introduced_on=actions[0]["date"] if actions else None,
            latest_activity_on=actions[-1]["date"] if actions else None,
            latest_activity_en=actions[-1]["description_en"] if actions else "",
            summary_en=abstracts[0] if abstracts else "",
            sponsors=[self._sponsor(one) for one in entry.get("sponsorships") or []],
            actions=actions,
            versions=versions(entry.get("versions") or []),
            identifiers=[{"scheme": "subject", "value": one} for one in words_of(entry.get("subject"))],
            links=[
                {"url": text_of(link.get("url")), "note": text_of(one.get("note"))}
                for one in entry.get("documents") or []
                for link in one.get("links") or []
            ],
            **self._common(document, entry),
        )

    def _sponsor(self, entry: Entry) -> dict[str, Any]:
        name = text_of(entry.get("name"))
        return {
            "name": name,
            "person_key": self._person(entry.get("person_id")) or self._people.get(name),
            "title_en": text_of(entry.get("classification")),
        }

    def vote(self, document: Document, entry: Entry) -> Iterator[Item]:
        """A division with its totals and every ballot."""
        session = text_of(entry.get("legislative_session"))
        identity = text_of(entry.get("identifier")) or f"{entry.get('start_date')}-{entry.get('motion_text')}"
        bill = self._bill_key(entry, session)
        body = self._body(entry.get("organization")) or f"{self._prefix}/organization/legislature"
        result = text_of(entry.get("result"))
        record = VoteEventRecord.model_validate(
            {
                "key": f"{self._prefix}/vote/{slug(session)}/{slug(identity)[:150]}",
                "organization_key": body,
                "session": session,
                "date": day_of(entry.get("start_date")),
                "motion_en": text_of(entry.get("motion_text")),
                "result": result if result in {"pass", "fail"} else "unknown",
                "result_text_en": result,
                "counts": [
                    {"option": one["option"] if one["option"] in OPTIONS else "other", "value": one["value"]}
                    for one in entry.get("counts") or []
                ],
                "bill_key": bill,
                "document_type": ", ".join(words_of(entry.get("motion_classification"))),
                "ballots": self._cast.ballots(entry.get("votes") or []),
                **self._common(document, entry),
            }
        )
        yield Parsed(record, document.name)

    def _voter(self, name: str, reference: Any) -> str | None:
        return self._people.get(name) or (self._person(reference) if reference else None)

    def _bill_key(self, entry: Entry, session: str) -> str | None:
        reference = text_of(entry.get("bill"))
        if reference in self._keys:
            return self._keys[reference]
        number = text_of(pseudo(entry.get("bill")).get("identifier") or entry.get("bill_identifier"))
        return f"{self._prefix}/bill/{slug(session)}/{slug(number)}" if number else None

    def event(self, document: Document, entry: Entry) -> Iterator[Item]:
        """A meeting with its agenda."""
        name, start = text_of(entry.get("name")), text_of(entry.get("start_date"))
        location = entry.get("location")
        status = text_of(entry.get("status"))
        yield from make(
            EventRecord,
            document,
            None,
            key=f"{self._prefix}/event/{slug(start[:16])}/{slug(name)[:120]}",
            name_en=name,
            start_date=start[:10],
            location=text_of(location.get("name")) if isinstance(location, Mapping) else "",
            status=status if status in {"confirmed", "tentative", "cancelled", "passed"} else "confirmed",
            classification=text_of(entry.get("classification")) or "meeting",
            agenda=[
                {"order": position, "title_en": text_of(one.get("description"))}
                for position, one in enumerate(entry.get("agenda") or [], start=1)
            ],
            links=links(entry),
            **self._common(document, entry),
        )

    def _person(self, reference: Any) -> str | None:
        text = text_of(reference)
        if text in self._keys:
            return self._keys[text]
        return self._people.get(text_of(pseudo(text).get("name")))

    def _body(self, reference: Any) -> str | None:
        text = text_of(reference)
        if not text:
            return None
        if text in self._keys:
            return self._keys[text]
        wanted = pseudo(text)
        name, classification = text_of(wanted.get("name")), text_of(wanted.get("classification"))
        return self._bodies.get(name.lower()) or self._bodies.get(f"#{classification}")
