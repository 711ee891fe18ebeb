"""What Popolo's JSON Schemas (draft 3, popoloproject.com/schemas) say of each class, as data.

A property is a type, the name of a class it refers to, or a list of one of these in brackets; ``!`` marks what is
required. Null is allowed wherever nothing is required. Two things are as the specification's text and examples have
them rather than its schemas: a time may be given to the day, and a count is a number.
"""

from __future__ import annotations

import re
from typing import Any

from jsonschema import Draft3Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT3

_BASE = "http://www.popoloproject.com/schemas/"
_DAY = "^[0-9]{4}(-[0-9]{2}){0,2}$"
_MOMENT = r"^[0-9]{4}((-[0-9]{2}){0,2}|(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){0,2}(\\.[0-9]+)?(Z|[+-][0-9]{2}(:[0-9]{2})?))$"
_STAMPS = "created_at:stamp updated_at:stamp sources:[link]"
_KNOWN = f"identifiers:[identifier] links:[link] {_STAMPS}"
CLASSES = {
    "link": "url!:uri note:string",
    "identifier": "identifier!:string scheme:string",
    "count": "option!:string value!:integer group_id:string group:organization",
    "contact_detail": f"label:string type!:string value!:string note:string valid_from:day valid_through:day {_STAMPS}",
    "other_name": "name!:string family_name:string given_name:string start_date:day end_date:day note:string",
    "area": f"id:string name:string identifier:string classification:string parent_id:string geometry:object {_STAMPS}",
    "person": "id:string name:string other_names:[other_name] family_name:string given_name:string honorific_prefix:string "
    "sort_name:string email:email gender:string birth_date:day death_date:day image:uri summary:string biography:string "
    f"contact_details:[contact_detail] memberships:[membership] {_KNOWN}",
    "organization": "id:string name:string other_names:[other_name] classification:string parent_id:string area:area "
    "founding_date:day dissolution_date:day image:uri contact_details:[contact_detail] memberships:[membership] "
    f"posts:[post] {_KNOWN}",
    "post": "id:string label:string role:string organization_id:string area_id:string area:area start_date:day "
    f"end_date:day contact_details:[contact_detail] links:[link] memberships:[membership] {_STAMPS}",
    "membership": "id:string label:string role:string person_id:string person:person organization_id:string post_id:string "
    "on_behalf_of_id:string on_behalf_of:organization area_id:string area:area start_date:day end_date:day "
    f"contact_details:[contact_detail] links:[link] {_STAMPS}",
    "motion": "id:string organization_id:string legislative_session_id:string creator_id:string text:string "
    f"classification:string date:moment requirement:string result:string vote_events:[vote_event] {_STAMPS}",
    "vote_event": "id:string organization_id:string legislative_session_id:string identifier:string motion_id:string "
    "motion:motion classification:string start_date:moment end_date:moment result:string counts:[count] votes:[vote] "
    + _STAMPS,
    "vote": "id:string vote_event_id:string voter_id:string voter:person option:string group_id:string group:organization "
    "role:string weight:number pair_id:string",
    "event": "id:string name:string description:string start_date:moment end_date:moment location:string status:string "
    f"classification:string organization_id:string parent_id:string {_KNOWN}",
    "speech": "id:string creator_id:string role:string attribution_text:string text:string audio:uri video:uri date:stamp "
    f"title:string type:string position:integer event_id:string {_STAMPS}",
}
_PLAIN: dict[str, dict[str, Any]] = {
    "day": {"type": "string", "pattern": _DAY},
    "moment": {"type": "string", "pattern": _MOMENT},
    "stamp": {"type": "string", "format": "date-time"},
    "uri": {"type": "string", "format": "uri"},
    "email": {"type": "string", "format": "email"},
}
_FORMATS = FormatChecker()


@_FORMATS.checks("date-time")
def _is_stamp(value: object) -> bool:
    """Tell whether a text is a date and a time with its offset (RFC 3339)."""
    form = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})"
    return not isinstance(value, str) or re.fullmatch(form, value) is not None


@_FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    """Tell whether a text is an address with its scheme (RFC 3986)."""
    return (
        not isinstance(value, str)
        or re.fullmatch(r"[a-z][a-z0-9+.-]*:[^\s<>]+", value, re.IGNORECASE) is not None
    )


def _property(said: str) -> dict[str, Any]:
    name, _, kind = said.partition(":")
    is_required = name.endswith("!")
    if kind.startswith("["):
        schema: dict[str, Any] = {"type": "array", "items": {"$ref": f"{_BASE}{kind[1:-1]}.json#"}}
    elif kind in CLASSES:
        schema = {"$ref": f"{_BASE}{kind}.json#"}
    else:
        plain = _PLAIN.get(kind, {"type": kind})
        schema = {**plain, "type": plain["type"] if is_required else [plain["type"], "null"]}
    return {name.rstrip("!"): {**schema, "required": True} if is_required else schema}


def _schema(name: str) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for said in CLASSES[name].split():
        properties |= _property(said)
    # Theirs lets in what it does not know; a name that is misspelt must not pass here.
    return {
        "$schema": "http://json-schema.org/draft-03/schema#",
        "id": f"{_BASE}{name}.json#",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


_REGISTRY: Registry[Any] = Registry().with_resources(
    (f"{_BASE}{name}.json", Resource(_schema(name), DRAFT3)) for name in CLASSES
)


def faults(name: str, instance: object) -> list[str]:
    """Return what keeps a document from being an instance of one of Popolo's classes."""
    validator = Draft3Validator(_schema(name), registry=_REGISTRY, format_checker=_FORMATS)
    return [f"{error.json_path}: {error.message}"[:300] for error in validator.iter_errors(instance)]
