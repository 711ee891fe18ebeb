"""openparliament.ca: rows of its database, as Django fixtures (JSON) or as a PostgreSQL dump (COPY sections).

Tables: https://github.com/michaelmulley/openparliament, described at https://openparliament.ca/data-download/.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hubs.business_hub.op_import.errors import Unreadable
from hubs.business_hub.op_import.formats.base import Item, Problem, ReadContext, day_of, make, text_of
from hubs.business_hub.op_import.reading.documents import Document
from hubs.business_hub.op_import.reading.encoding import text_lines
from shared.contracts import keys
from shared.contracts.legislation import BillRecord, SessionRecord, VoteEventRecord
from shared.contracts.people import MembershipRecord, OrganizationRecord, PersonRecord, PostRecord

_FIXTURE = re.compile(rb'^\s*\[\s*\{[^{}]*"model"\s*:\s*"(?:core|bills|hansards)\.')
_COPY = re.compile(r"^COPY (?:public\.)?(\w+) \(([^)]*)\) FROM stdin;$")
_DUMP = re.compile(rb"PostgreSQL database dump|^COPY (?:public\.)?(?:core|bills|hansards)_", re.M)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_ESCAPE = re.compile(r"\\(.)")
_VOTES = {"Y": "yes", "N": "no", "P": "paired", "A": "absent"}
_RESULTS = {"Y": "pass", "N": "fail", "T": "tie"}
_WANTED = frozenset(
    {
        "core.session", "core.party", "core.riding", "core.politician", "core.politicianinfo",
        "core.electedmember", "bills.bill", "bills.votequestion", "bills.membervote",
    }
)  # fmt: skip
_SCHEMES = {"parl_mp_id": "ourcommons.ca/person", "parlinfo_id": "lop.parl.ca/parlinfo"}

Row = dict[str, Any]


class OpenParliamentTables:
    """Sessions, parties, ridings, politicians, members, bills and votes with their ballots."""

    name = "openparliament-tables"
    title_en = "openparliament.ca: database rows (fixtures or dump)"
    title_fr = "openparliament.ca : lignes de la base (fixtures ou copie)"
    version = "openparliament-tables/1"

    def recognises(self, document: Document) -> bool:
        """Tell a fixture or a dump."""
        return bool(_FIXTURE.match(document.head) or _DUMP.search(document.head))

    def read(self, documents: Sequence[Document], context: ReadContext) -> Iterator[Item]:
        """Yield records of all rows; rows point at one another by number, over all documents."""
        tables: dict[str, dict[Any, tuple[Document, int, Row]]] = {}
        ballots: dict[Any, list[tuple[Any, str]]] = {}
        for document in documents:
            for number, (model, pk, row) in enumerate(_rows(document), start=1):
                if model == "bills.membervote":
                    # There are a million of these: two values are kept of each.
                    cast = (_number(row.get("politician")), sys.intern(text_of(row.get("vote"))))
                    ballots.setdefault(_number(row.get("votequestion")), []).append(cast)
                elif model in _WANTED:
                    tables.setdefault(model, {})[pk] = (document, number, row)
        reading = _Reading(tables, ballots)
        readers: dict[str, Callable[[Any, Row], tuple[type, Row]]] = {
            "core.session": reading.session,
            "core.party": reading.party,
            "core.riding": reading.riding,
            "core.politician": reading.politician,
            "core.electedmember": reading.member,
            "bills.bill": reading.bill,
            "bills.votequestion": reading.vote,
        }
        for model, reader in readers.items():
            for pk, (document, number, row) in tables.get(model, {}).items():
                try:
                    cls, fields = reader(pk, row)
                except (ValueError, KeyError, TypeError) as error:
                    yield Problem(document.name, number, "", "wrong-value", f"{model} {pk}: {error}")
                    continue
                fields["sources"] = [context.source(document, self.version)]
                yield from make(cls, document, number, is_partial=model != "core.electedmember", **fields)


class _Reading:
    """Rows by table and number, turned into fields of records."""

    def __init__(
        self,
        tables: dict[str, dict[Any, tuple[Document, int, Row]]],
        ballots: dict[Any, list[tuple[Any, str]]],
    ) -> None:
        self._tables = {
            model: {pk: row for pk, (_, _, row) in rows.items()} for model, rows in tables.items()
        }
        self._info: dict[Any, dict[str, list[str]]] = {}
        for row in self._tables.get("core.politicianinfo", {}).values():
            by_schema = self._info.setdefault(_number(row["politician"]), {})
            by_schema.setdefault(text_of(row["schema"]), []).append(text_of(row["value"]))
        self._ballots = ballots

    def session(self, pk: Any, row: Row) -> tuple[type, Row]:
        """A session such as 41-1."""
        return SessionRecord, {
            "key": keys.session(str(pk)),
            "identifier": str(pk),
            "name_en": text_of(row.get("name")),
            "start_date": day_of(row.get("start")),
            "end_date": day_of(row.get("end")),
        }

    def party(self, pk: Any, row: Row) -> tuple[type, Row]:
        """A party under its short name."""
        short = text_of(row.get("short_name_en") or row.get("short_name")) or text_of(row.get("name_en"))
        french = text_of(row.get("name_fr"))
        name = text_of(row.get("name_en") or row.get("name")) or short
        return OrganizationRecord, {
            "key": keys.party(short or str(pk)),
            "name_en": name,
            # The site repeats the English name where it knows no French one.
            "name_fr": french if french != name else "",
            "classification": "party",
            "abbreviation": short,
            "identifiers": [{"scheme": "openparliament.ca/party", "value": str(pk)}],
        }

    def riding(self, pk: Any, row: Row) -> tuple[type, Row]:
        """A seat of the House."""
        name = self._riding_name(row)
        french = text_of(row.get("name_fr")).replace("--", "—")
        return PostRecord, {
            "key": f"openparliament/riding/{pk}",
            "organization_key": keys.HOUSE,
            "label_en": f"Member of Parliament for {name}",
            "label_fr": f"Député(e) – {french}" if french else "",
            "role_en": "Member of Parliament",
            "role_fr": "Député(e)",
            "division_name": name,
        }

    def politician(self, pk: Any, row: Row) -> tuple[type, Row]:
        """A politician with identifiers from the table of details."""
        info = self._info.get(_number(pk), {})
        identifiers = [
            {"scheme": "openparliament.ca/politician", "value": text_of(row.get("slug")) or str(pk)}
        ]
        identifiers += [
            {"scheme": _SCHEMES.get(schema, schema), "value": value}
            for schema in ("parl_mp_id", "parlinfo_id", "wikipedia_id", "freebase_id")
            for value in info.get(schema, [])
        ]
        return PersonRecord, {
            "key": self._person_key(pk, row),
            "name": text_of(row.get("name")),
            "given_name": text_of(row.get("name_given")),
            "family_name": text_of(row.get("name_family")),
            "gender": {"M": "male", "F": "female"}.get(
                text_of(row.get("gender")), text_of(row.get("gender"))
            ),
            "other_names": sorted(set(info.get("alternate_name", []))),
            "identifiers": identifiers,
            "links": [{"url": url, "note": "web site"} for url in info.get("web_site", [])],
        }

    def member(self, pk: Any, row: Row) -> tuple[type, Row]:
        """A politician in the House between two dates."""
        politician = _number(row["politician"])
        party = self._tables.get("core.party", {}).get(_number(row.get("party")))
        riding = self._tables.get("core.riding", {}).get(_number(row.get("riding")))
        short = text_of(party.get("short_name_en") or party.get("short_name")) if party else ""
        return MembershipRecord, {
            "key": f"openparliament/member/{pk}",
            "person_key": self._person_key(
                politician, self._tables.get("core.politician", {}).get(politician)
            ),
            "organization_key": keys.HOUSE,
            "post_key": f"openparliament/riding/{row['riding']}" if row.get("riding") else None,
            "on_behalf_of_key": keys.party(short) if short and short != "Independent" else None,
            "role_en": "Member of Parliament",
            "role_fr": "Député(e)",
            "party": short,
            "area": self._riding_name(riding) if riding else "",
            "province": text_of(riding.get("province")) if riding else "",
            "start_date": day_of(row.get("start_date")),
            "end_date": day_of(row.get("end_date")),
        }

    def bill(self, pk: Any, row: Row) -> tuple[type, Row]:
        """A bill in the session of its number."""
        session, number = text_of(row.get("session") or row.get("session_id")), text_of(row.get("number"))
        sponsor = self._tables.get("core.politician", {}).get(_number(row.get("sponsor_politician")))
        return BillRecord, {
            "key": keys.bill(session, number),
            "session": session,
            "number": keys.bill_number(number),
            "title_en": text_of(row.get("name_en") or row.get("name")),
            "title_fr": text_of(row.get("name_fr")),
            "short_title_en": text_of(row.get("short_title_en")),
            "short_title_fr": text_of(row.get("short_title_fr")),
            "chamber": "senate" if number.upper().startswith("S") else "house",
            "status_code": text_of(row.get("status_code")),
            "introduced_on": day_of(row.get("introduced")),
            "sponsors": [
                {
                    "name": text_of(sponsor.get("name")),
                    "person_key": self._person_key(_number(row.get("sponsor_politician")), sponsor),
                }
            ]
            if sponsor
            else [],
            "identifiers": [{"scheme": "parl.ca/legisinfo", "value": text_of(row["legisinfo_id"])}]
            if text_of(row.get("legisinfo_id"))
            else [],
            "detail_level": "list",
        }

    def vote(self, pk: Any, row: Row) -> tuple[type, Row]:
        """A recorded division with its ballots."""
        session, number = text_of(row.get("session") or row.get("session_id")), int(text_of(row["number"]))
        bill = self._tables.get("bills.bill", {}).get(_number(row.get("bill")))
        totals = (("yes", "yea_total"), ("no", "nay_total"), ("paired", "paired_total"))
        return VoteEventRecord, {
            "key": keys.vote(session, number),
            "organization_key": keys.HOUSE,
            "session": session,
            "number": number,
            "date": day_of(row.get("date")),
            "subject_en": text_of(row.get("description_en") or row.get("description")),
            "subject_fr": text_of(row.get("description_fr")),
            "result": _RESULTS.get(text_of(row.get("result")), "unknown"),
            "counts": [
                {"option": option, "value": int(row[field])}
                for option, field in totals
                if text_of(row.get(field))
            ],
            "bill_key": keys.bill(text_of(bill.get("session")), text_of(bill.get("number")))
            if bill
            else None,
            "ballots": [self._ballot(*ballot) for ballot in self._ballots.get(_number(pk), [])],
        }

    def _ballot(self, politician: Any, vote: str) -> Row:
        person = self._tables.get("core.politician", {}).get(politician)
        return {
            "person_key": self._person_key(politician, person),
            "name": text_of(person.get("name")) if person else f"politician {politician}",
            "option": _VOTES.get(vote, "other"),
        }

    def _person_key(self, pk: Any, row: Row | None) -> str:
        info = self._info.get(_number(pk), {}).get("parl_mp_id")
        if info:
            return keys.person(info[0])
        slug = keys.slug(text_of(row.get("slug")) or text_of(row.get("name"))) if row else ""
        return keys.person("", slug) if slug else f"openparliament/politician/{pk}"

    def _riding_name(self, row: Row) -> str:
        return text_of(row.get("name_en") or row.get("name")).replace("--", "—")


def _number(value: Any) -> Any:
    """Return a reference as the number it is, whether it came as JSON or as text."""
    text = text_of(value)
    return int(text) if text.isdigit() else text


def _rows(document: Document) -> Iterator[tuple[str, Any, Row]]:
    """Yield (model, primary key, fields) of a fixture or a dump."""
    if _FIXTURE.match(document.head):
        for entry in document.json():
            if not isinstance(entry, dict) or not isinstance(entry.get("fields"), dict):
                raise Unreadable(f"{document.name} is no fixture", document=document.name)
            yield str(entry.get("model")), _number(entry.get("pk")), entry["fields"]
        return
    with document.open() as stream:
        columns: list[str] = []
        model = ""
        for number, line in enumerate(text_lines(stream, "utf-8", document.name), start=1):
            text = line.rstrip("\r\n")
            if not columns:
                if match := _COPY.match(text):
                    app, _, table = match[1].partition("_")
                    model = f"{app}.{table}"
                    columns = [name.strip().strip('"') for name in match[2].split(",")]
                continue
            if text == "\\.":
                columns = []
                continue
            if model not in _WANTED:
                continue
            cells = text.split("\t")
            if len(cells) != len(columns):
                found = f"{len(cells)} values for {len(columns)} columns of {model}"
                raise Unreadable(
                    f"{document.name}, line {number}: {found}",
                    document=document.name,
                    row=number,
                )
            row = {_field(name): _cell(cell) for name, cell in zip(columns, cells, strict=True)}
            yield model, _number(row.get("id")), row


def _field(column: str) -> str:
    """Return a column as the fixtures call it: a reference without the ending of its column."""
    return column if column in {"id", "legisinfo_id"} else column.removesuffix("_id")


def _cell(text: str) -> str | None:
    if text == "\\N":
        return None
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), text) if "\\" in text else text
