"""Ahead: what a load of votes does before other loads have to wait for it.

Ballots are most of it. They are counted, and those of votes that nobody holds yet are written under the ids
that the votes will have: nobody sees them before the load commits, and loads side by side write side by side.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hubs.data_hub.database.repository.loading import LoadingRepository
from hubs.data_hub.database.service.differing import ballots_hashes
from hubs.data_hub.database.service.voting import Tally, tally
from shared.core.ids import new_id

Facts = Mapping[str, Mapping[str, Any]]


@dataclass
class Ahead:
    """What is known of votes by their keys, and the ids under which ballots stand already."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    hashes: dict[str, bytes] = field(default_factory=dict)
    written: dict[str, UUID] = field(default_factory=dict)

    def count(self, votes: Facts, changed: Collection[str] = ()) -> None:
        """Count the ballots of votes that are not counted yet, and of those ``changed`` since."""
        for key in changed:
            self.hashes.pop(key, None)
        new = {key: vote for key, vote in votes.items() if key not in self.hashes}
        self.hashes |= ballots_hashes(new)
        self.tallies |= {key: tally(vote["ballots"], vote["counts"]) for key, vote in new.items()}

    def take(self, key: str) -> UUID | None:
        """Return the id under which a vote's ballots stand, once; None when they do not."""
        return self.written.pop(key, None)


def write_ahead(loading: LoadingRepository, votes: Facts, known: Collection[str]) -> Ahead:
    """Count the ballots of votes, and write those of votes that are not ``known``."""
    ahead = Ahead()
    ahead.count(votes)
    ahead.written = {key: new_id() for key, vote in votes.items() if vote["ballots"] and key not in known}
    if ahead.written:
        loading.insert_ballots(
            (vote_id, votes[key]["date"], votes[key]["ballots"], ahead.tallies[key].dissents)
            for key, vote_id in ahead.written.items()
        )
    return ahead
