"""The gate between test and production: what has to hold before a tested run may be promoted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from hubs.business_hub.etl.guards import Finding
from shared.contracts.events.scraping import CompleteSet
from shared.contracts.records import record_class
from shared.http.json import loads

_EMPTY: tuple[Any, ...] = ("", None, [], {}, False)
_ENOUGH = 5
_NAMED = 3


@dataclass(frozen=True)
class Check:
    """One condition and whether it holds, in both languages."""

    code: str
    is_passed: bool
    detail_en: str
    detail_fr: str


def check_guards(findings: Sequence[Finding]) -> Check:
    """No guard may hold the run back."""
    blocking = [finding for finding in findings if finding.is_blocking]
    if not blocking:
        return Check("guards", True, "no guard objects", "aucun garde-fou ne s'y oppose")
    english = "; ".join(finding.detail_en for finding in blocking)
    return Check("guards", False, english, "; ".join(finding.detail_fr for finding in blocking))


def check_sample(samples: Mapping[str, Mapping[str, bytes]]) -> Check:
    """Every record of the sample fits the contract of its kind."""
    wrong: list[str] = []
    total = 0
    for kind, bodies in samples.items():
        contract = record_class(kind)
        for key, body in bodies.items():
            total += 1
            try:
                contract.model_validate_json(body)
            except ValidationError as error:
                first = error.errors()[0]
                wrong.append(f"{key}: {'.'.join(map(str, first['loc']))}: {first['msg']}")
    if not wrong:
        return Check(
            "sample", True, f"{total} records fit their contracts", f"{total} enregistrements conformes"
        )
    named = "; ".join(wrong[:_NAMED])
    return Check(
        "sample",
        False,
        f"{len(wrong)} of {total} records break their contracts: {named}",
        f"{len(wrong)} enregistrements sur {total} non conformes : {named}",
    )


def check_fields(
    samples: Mapping[str, Mapping[str, bytes]], standing: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> Check:
    """No field that most standing records say something in has fallen silent in all that came."""
    lost: list[str] = []
    for kind, bodies in samples.items():
        before = standing.get(kind, {})
        came = [loads(bodies[key]) for key in before if key in bodies]
        if len(came) < _ENOUGH:
            continue
        names = {name for facts in before.values() for name in facts}
        for name in sorted(names):
            said = sum(facts.get(name) not in _EMPTY for facts in before.values())
            if said * 2 > len(before) and all(one.get(name) in _EMPTY for one in came):
                lost.append(f"{kind}.{name}")
    if not lost:
        return Check("fields", True, "no field has fallen silent", "aucun champ n'est devenu muet")
    named = ", ".join(lost)
    return Check(
        "fields", False, f"fields without any value now: {named}", f"champs désormais vides : {named}"
    )


def check_shares(staged: Mapping[CompleteSet, int], known: Mapping[CompleteSet, int], least: float) -> Check:
    """Of each complete set that is on record, enough has come."""
    short = [
        f"{one.kind}: {staged.get(one, 0)} / {count}"
        for one, count in known.items()
        if staged.get(one, 0) < count * least
    ]
    if not short:
        return Check(
            "completeness", True, f"at least {least:.0%} of each set", f"au moins {least:.0%} de chaque jeu"
        )
    named = ", ".join(short)
    return Check(
        "completeness",
        False,
        f"less than {least:.0%} of what is on record: {named}",
        f"moins de {least:.0%} de ce qui est au registre : {named}",
    )
