"""Runs of the test mode: checked at the gate, and what they touch backed up when they are promoted."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from hubs.business_hub.etl.differences import Difference, difference
from hubs.business_hub.etl.gate import Check, check_fields, check_guards, check_sample, check_shares
from hubs.business_hub.etl.guards import Finding, RunFacts
from hubs.business_hub.etl.loading import Canon
from hubs.business_hub.etl.models import ImportRun
from hubs.business_hub.etl.repository import RunRepository
from hubs.business_hub.settings import ImportSettings
from shared.contracts.events.scraping import CompleteSet
from shared.contracts.http.ingest import CompareBatch
from shared.core.clock import utc_now
from shared.core.ids import new_id
from shared.http.json import dumps, loads

_CHUNK = 1_000
# Kinds of which a single record can be large: how many are asked for at once, and looked at in a sample.
_LARGE = {"bill_text": 20, "debate": 50, "speech": 200, "vote_event": 100}
_LEVEL = 3


def facts_of(
    canon: Canon, source_id: str, kind: str, keys: Sequence[str], *, with_ballots: bool = False
) -> Mapping[str, Mapping[str, Any]]:
    """Return what stands on record under keys."""
    if not keys:
        return {}
    asked = CompareBatch(
        run_id=new_id(),
        source_id=source_id,
        kind=kind,
        observed_at=utc_now(),
        facts_of=tuple(keys),
        with_ballots=with_ballots,
    )
    return canon.compare(asked).facts


def vanishing(canon: Canon, run: ImportRun, runs: RunRepository, facts: RunFacts) -> dict[str, list[str]]:
    """Return per kind the keys that stand on record and that a complete run has not seen."""
    gone: dict[str, list[str]] = {}
    for one in facts.complete:
        known, staged = facts.known_in_set.get(one, 0), facts.staged_in_set.get(one, 0)
        is_all_there = known == staged and not run.forecast.get(one.kind, {}).get("inserted")
        if known == 0 or is_all_there:
            continue
        here = runs.keys(run.run_id, one.kind, one.prefix)
        missing = (key for key in canon.source_keys(run.source_id, one.kind, one.prefix) if key not in here)
        gone.setdefault(one.kind, []).extend(missing)
    return gone


def removals(canon: Canon, source_id: str, gone: Mapping[str, Sequence[str]], most: int) -> list[Difference]:
    """Return the first of what vanishes, each with its name."""
    found: list[Difference] = []
    for kind, keys in gone.items():
        facts = facts_of(canon, source_id, kind, keys[: max(0, most - len(found))])
        found += [difference(kind, key, one, None) for key, one in facts.items()]
    return found


def examine_trial(
    canon: Canon, run: ImportRun, runs: RunRepository, facts: RunFacts, findings: Sequence[Finding],
    settings: ImportSettings,
) -> list[Check]:  # fmt: skip
    """Return what was checked of a run before it may be promoted.

    Raises: AppError with status 429 or 50x while data_hub is away.
    """
    kinds = [kind for kind, count in run.staged.items() if count]
    each = max(1, settings.sample_to_promote // max(1, len(kinds)))
    samples = {kind: runs.sample(run.run_id, kind, min(each, _LARGE.get(kind, each))) for kind in kinds}
    standing = {kind: facts_of(canon, run.source_id, kind, list(bodies)) for kind, bodies in samples.items()}
    known: dict[CompleteSet, int] = {one: count for one, count in facts.known_in_set.items() if count}
    return [
        check_guards(findings),
        check_sample(samples),
        check_fields(samples, standing),
        check_shares(facts.staged_in_set, known, settings.min_share_to_promote),
    ]


def back_up(
    canon: Canon, source_id: str, keys_by_kind: Mapping[str, Iterable[str]]
) -> tuple[bytes, str, int]:
    """Return what stands under keys as gzipped lines of JSON, the hash of the lines, and how many they are.

    Raises: AppError with status 429 or 50x while data_hub is away.
    """
    packed = io.BytesIO()
    mark = hashlib.sha256()
    count = 0
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=_LEVEL, mtime=0) as stream:
        for kind in sorted(keys_by_kind):
            keys = iter(sorted(set(keys_by_kind[kind])))
            size = _LARGE.get(kind, _CHUNK)
            while chunk := list(islice(keys, size)):
                for key, facts in sorted(facts_of(canon, source_id, kind, chunk, with_ballots=True).items()):
                    line = dumps({"kind": kind, "key": key, "facts": facts}) + b"\n"
                    mark.update(line)
                    stream.write(line)
                    count += 1
    return packed.getvalue(), mark.hexdigest(), count


def lines_of(backup: bytes) -> Iterator[bytes]:
    """Yield the lines of a backup."""
    with gzip.GzipFile(fileobj=io.BytesIO(backup)) as stream:
        yield from stream


def differs_from(canon: Canon, source_id: str, backup: bytes) -> int:
    """Return how many records do not stand as they did when a backup was made.

    Raises: AppError with status 429 or 50x while data_hub is away.
    """
    differing = 0
    by_kind: dict[str, dict[str, Any]] = {}
    for line in lines_of(backup):
        one = loads(line)
        by_kind.setdefault(one["kind"], {})[one["key"]] = one["facts"]
    for kind, before in by_kind.items():
        keys = iter(before)
        size = _LARGE.get(kind, _CHUNK)
        while chunk := list(islice(keys, size)):
            now = facts_of(canon, source_id, kind, chunk, with_ballots=True)
            differing += sum(now.get(key) != before[key] for key in chunk)
    return differing


def keys_of_run(runs: RunRepository, run_id: UUID, kinds: Iterable[str]) -> dict[str, set[str]]:
    """Return what a run has staged, per kind."""
    return {kind: runs.keys(run_id, kind) for kind in kinds}
