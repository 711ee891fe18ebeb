"""Who sits for a district on a day, vacant seats included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from hubs.data_hub.database.repository.reading import ReadingRepository
from hubs.data_hub.database.repository.seats import SeatsRepository
from hubs.data_hub.database.service import rendering
from hubs.data_hub.database.service.collections import BY_PATH
from shared.db.cursor import CursorCodec


@dataclass(frozen=True)
class District:
    """A district by its OCD division, and by its folded name within a body."""

    division_id: str
    organization_key: str
    name_folded: str


@dataclass(frozen=True)
class Seat:
    """A seat and who holds it; nobody where it is vacant."""

    person: rendering.Record | None
    membership: rendering.Record | None
    post: rendering.Record | None


class SeatsService:
    """Finds who sits where."""

    def __init__(self, seats: SeatsRepository, records: ReadingRepository) -> None:
        self._seats = seats
        self._records = records

    def sitting(self, districts: Sequence[District], on: date) -> list[list[Seat]]:
        """Return, for each district, its seats on a day."""
        divisions = {d.division_id for d in districts if d.division_id}
        organizations = {d.organization_key for d in districts if d.organization_key}
        names = {d.name_folded for d in districts}
        posts = self._seats.posts(divisions, organizations, names)
        held = self._seats.memberships([post["key"] for post in posts], organizations, names, on)
        people = self._seats.people([row["person_key"] for row in held])
        shown = _Rendered(self._records, people, held, posts)
        return [self._of(district, posts, held, shown) for district in districts]

    def freshness(self, jurisdictions: Sequence[str]) -> Sequence[Any]:
        """Return when each source last named memberships of these jurisdictions (none: of all)."""
        return self._records.freshness("membership", jurisdictions)

    def _of(
        self, district: District, posts: Sequence[Any], held: Sequence[Any], shown: _Rendered
    ) -> list[Seat]:
        mine = [
            post
            for post in posts
            if (district.division_id and post["division_id"] == district.division_id)
            or (
                post["organization_key"] == district.organization_key
                and post["division_folded"] == district.name_folded
            )
        ]
        seats = []
        used: set[Any] = set()
        for post in mine:
            holders = [row for row in held if row["post_key"] == post["key"]]
            used.update(row["id"] for row in holders)
            seats += [
                Seat(shown.person(row["person_key"]), shown.membership(row), shown.post(post))
                for row in holders
            ]
            if not holders:
                seats.append(Seat(None, None, shown.post(post)))
        for row in held:
            by_name = (
                row["organization_key"] == district.organization_key
                and row["area_folded"] == district.name_folded
            )
            if by_name and row["id"] not in used:
                seats.append(Seat(shown.person(row["person_key"]), shown.membership(row), None))
        return seats


class _Rendered:
    """Renders each row once, with links and sources fetched for all of them together."""

    def __init__(
        self,
        records: ReadingRepository,
        people: dict[str, Any],
        held: Sequence[Any],
        posts: Sequence[Any],
    ) -> None:
        self._people = {key: rendering.render(BY_PATH["people"], row) for key, row in people.items()}
        self._held = {row["id"]: rendering.render(BY_PATH["memberships"], row) for row in held}
        self._posts = {row["id"]: rendering.render(BY_PATH["posts"], row) for row in posts}
        every = [*self._people.values(), *self._held.values(), *self._posts.values()]
        places = rendering.references(every)
        rendering.link(places, records.ids_of(rendering.keys_by_kind(places)))
        sources = records.sources_of([record["id"] for record in every])
        for record in every:
            rendering.attach_sources(record, sources.get(record["id"], []))

    def person(self, key: str) -> rendering.Record | None:
        return self._people.get(key)

    def membership(self, row: Any) -> rendering.Record:
        return self._held[row["id"]]

    def post(self, row: Any) -> rendering.Record:
        return self._posts[row["id"]]


def build_seats(session: Session, codec: CursorCodec) -> SeatsService:
    """Build the service over one transaction."""
    return SeatsService(SeatsRepository(session), ReadingRepository(session, codec))
