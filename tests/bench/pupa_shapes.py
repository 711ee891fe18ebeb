"""A scrape of a made-up parliament in the files that pupa writes: people, bills, votes with their ballots."""

from __future__ import annotations

import json
import random
import uuid
from pathlib import Path
from typing import Any

JURISDICTION = "ocd-jurisdiction/country:ca/legislature"
SESSION = "44-1"


def write_scrape(folder: Path, people: int, bills: int, votes: int, voters: int) -> int:
    """Write the files of a scrape and return how many there are; the same numbers give the same files."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(7)
    words = [
        "".join(
            chance.choice("bcdfghjklmnprstvz") + chance.choice("aeiou") for _ in range(chance.randint(2, 4))
        )
        for _ in range(4_000)
    ]

    def text(count: int) -> str:
        return " ".join(chance.choice(words) for _ in range(count))

    def identity() -> str:
        return str(uuid.UUID(int=chance.getrandbits(128), version=4))

    def save(kind: str, content: dict[str, Any]) -> None:
        name = content["_id"].replace("/", "_")
        (folder / f"{kind}_{name}.json").write_text(json.dumps(content))

    def source(path: str) -> list[dict[str, str]]:
        return [{"url": f"http://example.org/{path}", "note": ""}]

    save(
        "jurisdiction",
        {
            "_id": JURISDICTION, "id": JURISDICTION, "name": "Bench Parliament", "url": "http://example.org",
            "classification": "legislature", "division_id": "ocd-division/country:ca", "feature_flags": [],
            "legislative_sessions": [{"identifier": SESSION, "name": "44th", "start_date": "2021-11-22"}],
            "extras": {},
        },
    )  # fmt: skip
    house = identity()
    save(
        "organization",
        {
            "_id": house, "name": "House of Commons", "classification": "lower", "parent_id": None, "image": "",
            "founding_date": "", "dissolution_date": "", "identifiers": [], "other_names": [], "links": [],
            "contact_details": [], "sources": source(""), "extras": {},
        },
    )  # fmt: skip
    names = []
    for number in range(people):
        name, person = f"{text(1).title()} {text(1).title()} {number}", identity()
        names.append(name)
        save(
            "person",
            {
                "_id": person, "name": name, "sort_name": "", "family_name": "", "given_name": "", "image": "",
                "gender": "F" if number % 2 else "M", "summary": "", "national_identity": "", "biography": "",
                "birth_date": f"19{40 + number % 50}-0{1 + number % 9}-1{number % 9}", "death_date": "",
                "other_names": [], "extras": {}, "sources": source(f"p/{number}"),
                "identifiers": [{"identifier": f"P{number}", "scheme": "bench"}],
                "contact_details": [
                    {"type": "email", "value": f"p{number}@example.org", "note": "office", "label": ""},
                    {"type": "voice", "value": f"613-555-{number:04d}", "note": "office", "label": ""},
                ],
                "links": [{"url": f"http://example.org/p/{number}", "note": ""}],
            },
        )  # fmt: skip
        save(
            "membership",
            {
                "_id": identity(), "person_id": person, "person_name": name, "organization_id": house,
                "post_id": None, "on_behalf_of_id": None, "role": "member", "label": "", "start_date": "2021-11-22",
                "end_date": "", "contact_details": [], "links": [], "extras": {},
            },
        )  # fmt: skip
    lower = '~{"classification": "lower"}'
    for number in range(bills):
        steps = ("introduction", "reading-1", "reading-2", "referral-committee")
        save(
            "bill",
            {
                "_id": identity(), "identifier": f"C-{number}", "legislative_session": SESSION, "title": text(12),
                "classification": ["bill"], "from_organization": lower, "subject": [text(1), text(1)],
                "abstracts": [{"abstract": text(40), "note": "summary", "date": ""}],
                "other_titles": [{"title": text(8), "note": ""}], "other_identifiers": [], "related_bills": [],
                "actions": [
                    {
                        "description": f"{step} {number}", "date": f"2022-0{1 + k}-1{number % 9}",
                        "organization_id": lower, "classification": [step], "related_entities": [], "extras": {},
                    }
                    for k, step in enumerate(steps)
                ],
                "sponsorships": [
                    {
                        "name": names[at % people], "classification": kind, "entity_type": "person",
                        "primary": kind == "primary", "person_id": f'~{json.dumps({"name": names[at % people]})}',
                        "organization_id": None,
                    }
                    for kind, at in (("primary", number), ("cosponsor", number * 7 + 1))
                ],
                "versions": [
                    {
                        "note": f"v{k}", "date": "",
                        "links": [
                            {"url": f"http://example.org/b/{number}/v{k}.pdf", "media_type": "application/pdf"}
                        ],
                    }
                    for k in range(2)
                ],
                "documents": [
                    {
                        "note": "doc", "date": "",
                        "links": [{"url": f"http://example.org/b/{number}/d.pdf", "media_type": "application/pdf"}],
                    }
                ],
                "sources": source(f"b/{number}"), "extras": {},
            },
        )  # fmt: skip
    for number in range(votes):
        cast = [
            {
                "option": ("yes", "no", "absent")[chance.choice((0, 0, 0, 1, 1, 2))], "voter_name": names[k],
                "voter_id": f'~{{"name": "{names[k]}"}}', "note": "",
            }
            for k in range(voters)
        ]  # fmt: skip
        yes = sum(one["option"] == "yes" for one in cast)
        save(
            "vote_event",
            {
                "_id": identity(), "identifier": f"V{number}", "motion_text": f"motion {number} {text(8)}",
                "motion_classification": ["passage"], "start_date": f"2022-05-1{number % 9}", "end_date": "",
                "result": "pass", "organization": lower, "legislative_session": SESSION, "bill_action": None,
                "bill": f'~{{"identifier": "C-{number % bills}", "legislative_session__identifier": "{SESSION}"}}',
                "votes": cast, "sources": source(f"v/{number}"), "extras": {},
                "counts": [{"option": "yes", "value": yes}, {"option": "no", "value": voters - yes}],
            },
        )  # fmt: skip
    return sum(1 for _ in folder.iterdir())
