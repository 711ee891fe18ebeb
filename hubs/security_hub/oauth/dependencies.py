"""How OAuth requests are read: form bodies, client credentials in the header or the body."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl, unquote_plus

from fastapi import Depends, Request

from hubs.security_hub.oauth.errors import invalid_client, invalid_request
from hubs.security_hub.oauth.service import OAuthService, build
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep

_MAX_BODY = 65_536
_MAX_FIELDS = 60


class Form(dict[str, str]):
    """The fields of a form; ``resource`` may come more than once, everything else once."""

    resources: tuple[str, ...] = ()


async def read_form(request: Request) -> Form:
    """Return the fields of an ``application/x-www-form-urlencoded`` body."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise invalid_request("send application/x-www-form-urlencoded")
    body = await request.body()
    if len(body) > _MAX_BODY:
        raise invalid_request(f"the form is larger than {_MAX_BODY} bytes")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")
    except (ValueError, UnicodeError):
        raise invalid_request("the form cannot be read") from None
    return form_of(pairs)


def form_of(pairs: list[tuple[str, str]]) -> Form:
    """Return fields given as pairs.

    Raises: OAuthError for a field that comes twice, or holds a NUL.
    """
    form = Form()
    resources = []
    for name, value in pairs:
        if "\0" in value:
            raise invalid_request(f"{name} holds a NUL")
        if name == "resource":
            resources.append(value)
        elif name in form:
            # RFC 6749 section 3.2: parameters must not be included more than once.
            raise invalid_request(f"{name} comes more than once")
        else:
            form[name] = value
    form.resources = tuple(dict.fromkeys(resources))
    return form


@dataclass(frozen=True)
class ClientCredentials:
    """What a client says about itself; no secret: a public client."""

    client_id: str
    secret: str | None


def client_credentials(request: Request, form: Annotated[Form, Depends(read_form)]) -> ClientCredentials:
    """Return the client's credentials, from one place only.

    Raises: OAuthError when there are none, or some in two places.
    """
    header = request.headers.get("authorization", "")
    if not header:
        if not form.get("client_id"):
            raise invalid_client("no client credentials")
        return ClientCredentials(form["client_id"], form.get("client_secret"))
    if "client_secret" in form:
        raise invalid_request("credentials in the header and in the body")
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise invalid_client("expected HTTP Basic")
    try:
        raw = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise invalid_client("unreadable credentials") from None
    # Split at the last colon: ids such as hub:data hold one, our secrets do not, and some clients do not
    # encode.
    client_id, colon, secret = raw.rpartition(":")
    if not colon:
        raise invalid_client("unreadable credentials")
    client_id = unquote_plus(client_id)
    if form.get("client_id", client_id) != client_id:
        raise invalid_request("two different client ids")
    return ClientCredentials(client_id, unquote_plus(secret))


def _service(session: SessionDep, resources: ResourcesDep) -> OAuthService:
    return build(session, resources)


FormDep = Annotated[Form, Depends(read_form)]
ClientCredentialsDep = Annotated[ClientCredentials, Depends(client_credentials)]
OAuthServiceDep = Annotated[OAuthService, Depends(_service)]
