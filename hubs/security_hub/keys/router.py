"""The published key set, and the operator's hand on the keys."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from hubs.security_hub.keys.dependencies import KeyRingDep, KeyServiceDep
from hubs.security_hub.keys.schemas import SigningKeyList, SigningKeyRead
from hubs.security_hub.keys.service import build
from hubs.security_hub.trail.dependencies import TrailDep
from hubs.security_hub.trail.service import build as build_trail
from shared.app import ResourcesDep
from shared.auth import CanAdminKeys, Public
from shared.db.session import transaction
from shared.http.conditional import conditional
from shared.http.json import dumps

router = APIRouter(tags=["keys"])


@router.get("/.well-known/jwks.json", summary="Public keys that verify tokens and bundles")
def read_key_set(request: Request, ring: KeyRingDep, _: Public) -> Response:
    """Return the JWK Set: current, next and still valid former keys."""
    return conditional(
        request,
        dumps(ring.public_set()),
        cache_control="public, max-age=300",
        headers={"Access-Control-Allow-Origin": "*"},
    )


@router.get("/api/v1/signing-keys", summary="Signing keys and their state")
def list_keys(service: KeyServiceDep, _: CanAdminKeys) -> SigningKeyList:
    """Return every key, the latest to sign first."""
    return SigningKeyList(data=service.list())


@router.post("/api/v1/signing-keys/rotate", status_code=201, summary="Publish the next key now")
def rotate_keys(service: KeyServiceDep, trail: TrailDep, caller: CanAdminKeys) -> SigningKeyRead:
    """Publish a next key; it signs once every verifier has had time to read it."""
    key = service.rotate()
    trail.record("signing-key.rotated", caller, target=key.kid, target_type="signing-key")
    return key


@router.post("/api/v1/signing-keys/{kid}/revoke", summary="Disown a key that has leaked")
def revoke_key(kid: str, resources: ResourcesDep, ring: KeyRingDep, caller: CanAdminKeys) -> SigningKeyRead:
    """Stop publishing a key at once; its tokens are refused as soon as each hub reads the set again."""
    with transaction(resources.sessionmaker) as session:
        key = build(session, resources).revoke(kid)
        build_trail(session, resources).record(
            "signing-key.revoked", caller, target=kid, target_type="signing-key"
        )
    # After the commit: looking earlier could bring the disowned key back for a while.
    ring.forget()
    return key
