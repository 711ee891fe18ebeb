"""Open States people and committees (YAML), https://github.com/openstates/people/blob/main/schema.md."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from hubs.business_hub.op_import.errors import Unreadable
from hubs.business_hub.op_import.formats.base import (
    Item,
    Problem,
    ReadContext,
    day_of,
    make,
    shaped,
    text_of,
)
from hubs.business_hub.op_import.reading.documents import Document
from shared.contracts.keys import slug
from shared.contracts.people import MembershipRecord, OrganizationRecord, PersonRecord, PostRecord

_ID = re.compile(rb"^(?:\xef\xbb\xbf)?(?:---\s*\n)?id:\s*['\"]?ocd-(person|organization)/", re.M)
_MAX_BYTES = 512 * 1024
_CLASSIFICATIONS = {"committee": "committee", "subcommittee": "subcommittee"}


class _Loader(yaml.SafeLoader):
    """YAML without aliases: no document of this format has them, and they can grow without end."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        return super().compose_node(parent, index)


# Dates stay text: `1960-06-08` is one, `1960` is not, and both occur.
_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for letter, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class OpenStatesPeople:
    """One person or committee a file."""

    name = "openstates-people"
    title_en = "Open States people and committees (YAML)"
    title_fr = "Personnes et comités d'Open States (YAML)"
    version = "openstates-people/1"

    def recognises(self, document: Document) -> bool:
        """Tell a YAML file with an OCD id of a person or an organization."""
        return document.suffix in {".yml", ".yaml", ""} and bool(_ID.search(document.head[:2048]))

    def read(self, documents: Sequence[Document], context: ReadContext) -> Iterator[Item]:
        """Yield each person with posts, parties and memberships, each committee with its members."""
        bodies: set[str] = set()
        for document in documents:
            entry = _load(document)
            if text_of(entry.get("id")).startswith("ocd-person/"):
                items = self._person(document, context, entry, bodies)
            else:
                items = self._committee(document, context, entry)
            yield from shaped(items, document)

    def _person(
        self, document: Document, context: ReadContext, entry: Mapping[str, Any], bodies: set[str]
    ) -> Iterator[Item]:
        roles = [role for role in entry.get("roles") or [] if isinstance(role, dict)]
        jurisdiction = text_of(roles[0].get("jurisdiction")) if roles else context.jurisdiction
        prefix = _prefix(jurisdiction)
        key = f"{prefix}/person/{text_of(entry.get('id')).rpartition('/')[2]}"
        common: dict[str, Any] = {
            "jurisdiction": jurisdiction or context.jurisdiction or "openstates",
            "sources": [context.source(document, self.version)],
        }
        contacts = [{"type": "email", "value": text_of(entry["email"])}] if entry.get("email") else []
        contacts += [
            {"type": kind, "value": text_of(office[kind]), "note": text_of(office.get("classification"))}
            for office in entry.get("offices") or []
            for kind in ("address", "voice", "fax")
            if text_of(office.get(kind))
        ]
        identifiers = [{"scheme": "ocd-person", "value": text_of(entry.get("id"))}]
        identifiers += [
            {"scheme": text_of(other.get("scheme")), "value": text_of(other.get("identifier"))}
            for other in entry.get("other_identifiers") or []
        ]
        yield from make(
            PersonRecord,
            document,
            None,
            key=key,
            name=text_of(entry.get("name")),
            given_name=text_of(entry.get("given_name")),
            family_name=text_of(entry.get("family_name")),
            gender=text_of(entry.get("gender")),
            birth_date=text_of(entry.get("birth_date")),
            image=text_of(entry.get("image")),
            biography_en=text_of(entry.get("biography")),
            other_names=[text_of(one.get("name")) for one in entry.get("other_names") or []],
            identifiers=identifiers,
            contacts=contacts,
            links=[
                {"url": text_of(one.get("url")), "note": text_of(one.get("note"))}
                for one in entry.get("links") or []
            ],
            **common,
        )
        party = text_of((entry.get("party") or [{}])[0].get("name"))
        for row, role in enumerate(roles, start=1):
            yield from self._role(document, row, role, key, party, bodies, common)

    def _role(
        self,
        document: Document,
        row: int,
        role: Mapping[str, Any],
        person_key: str,
        party: str,
        bodies: set[str],
        common: Mapping[str, Any],
    ) -> Iterator[Item]:
        jurisdiction = text_of(role.get("jurisdiction"))
        prefix, chamber = _prefix(jurisdiction), text_of(role.get("type")) or "legislature"
        body, district = f"{prefix}/organization/{slug(chamber)}", text_of(role.get("district"))
        common = {**common, "jurisdiction": jurisdiction or common["jurisdiction"]}
        if body not in bodies:
            bodies.add(body)
            yield from make(
                OrganizationRecord,
                document,
                row,
                key=body,
                name_en=chamber,
                classification="chamber" if chamber in {"upper", "lower"} else "legislature",
                **common,
            )
        post = f"{prefix}/post/{slug(chamber)}/{slug(district) or 'at-large'}"
        if post not in bodies:
            bodies.add(post)
            label = f"{chamber} {district}".strip()
            yield from make(
                PostRecord,
                document,
                row,
                key=post,
                organization_key=body,
                label_en=label,
                role_en="member",
                role_fr="membre",
                division_name=district,
                **common,
            )
        try:
            start, end = day_of(role.get("start_date")), day_of(role.get("end_date"))
        except ValueError as error:
            yield Problem(document.name, row, "start_date", "not-a-date", str(error))
            return
        yield from make(
            MembershipRecord,
            document,
            row,
            key=f"{prefix}/membership/{person_key.rpartition('/')[2]}/{slug(chamber)}/"
            f"{slug(district) or 'at-large'}/{start or 'unknown'}",
            person_key=person_key,
            organization_key=body,
            post_key=post,
            role_en="member",
            role_fr="membre",
            party=party,
            area=district,
            start_date=start,
            end_date=end,
            **common,
        )

    def _committee(
        self, document: Document, context: ReadContext, entry: Mapping[str, Any]
    ) -> Iterator[Item]:
        jurisdiction = text_of(entry.get("jurisdiction"))
        prefix = _prefix(jurisdiction)
        identity = text_of(entry.get("id")).rpartition("/")[2]
        key = f"{prefix}/organization/{identity}"
        common: dict[str, Any] = {
            "jurisdiction": jurisdiction or context.jurisdiction or "openstates",
            "sources": [context.source(document, self.version)],
        }
        yield from make(
            OrganizationRecord,
            document,
            None,
            key=key,
            name_en=text_of(entry.get("name")),
            classification=_CLASSIFICATIONS.get(text_of(entry.get("classification")), "other"),
            parent_key=f"{prefix}/organization/{slug(text_of(entry.get('chamber'))) or 'legislature'}",
            identifiers=[{"scheme": "ocd-organization", "value": text_of(entry.get("id"))}],
            links=[{"url": text_of(one.get("url"))} for one in entry.get("links") or []],
            **common,
        )
        for row, member in enumerate(entry.get("members") or [], start=1):
            person = (
                text_of(member.get("person_id")).rpartition("/")[2]
                or f"name:{slug(text_of(member.get('name')))}"
            )
            yield from make(
                MembershipRecord,
                document,
                row,
                key=f"{prefix}/membership/{person}/{identity}",
                person_key=f"{prefix}/person/{person}",
                organization_key=key,
                role_en=text_of(member.get("role")),
                **common,
            )


def _prefix(jurisdiction: str) -> str:
    """Return the beginning of the keys of a jurisdiction."""
    path = jurisdiction.removeprefix("ocd-jurisdiction/").removesuffix("/government")
    return path if path and jurisdiction.startswith("ocd-jurisdiction/") else "openstates"


def _load(document: Document) -> Mapping[str, Any]:
    body = document.read()
    if len(body) > _MAX_BYTES:
        raise Unreadable(f"{document.name}: a person's file has at most {_MAX_BYTES} bytes")
    try:
        entry = yaml.load(body, Loader=_Loader)  # noqa: S506 - a SafeLoader with less, not more
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(f"{document.name} is not YAML: {str(error)[:300]}", document=document.name) from None
    if not isinstance(entry, dict):
        raise Unreadable(f"{document.name} holds no mapping", document=document.name)
    return entry
