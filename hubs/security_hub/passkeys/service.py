"""Passkeys: registered, asked, checked. The library that reads them is loaded with the first one only."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.security_hub.challenges.service import Asked, ChallengeService
from hubs.security_hub.challenges.service import build as build_challenges
from hubs.security_hub.passkeys.errors import (
    BadPasskey,
    PasskeyKnown,
    PasskeyNotFound,
    PasskeyNotRegistered,
)
from hubs.security_hub.passkeys.models import Passkey
from hubs.security_hub.passkeys.repository import PasskeyRepository
from hubs.security_hub.passkeys.schemas import PasskeyQuestion, PasskeyRead
from hubs.security_hub.settings import SecuritySettings
from hubs.security_hub.trail.service import Trail
from hubs.security_hub.trail.service import build as build_trail
from shared.app import Resources
from shared.core.clock import utc_now

REGISTER = "passkey-register"
SIGN_IN = "passkey-sign-in"
MOST_PER_PERSON = 20
_RP_NAME = "OpenPolicy"


class PasskeyService:
    """Passkeys of people; every question is answered once, and only on our own pages."""

    def __init__(
        self,
        repository: PasskeyRepository,
        challenges: ChallengeService,
        trail: Trail,
        origins: Sequence[str],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._repository = repository
        self._challenges = challenges
        self._trail = trail
        self._origins = list(origins)
        self._rp_id = urlsplit(origins[0]).hostname or ""
        self._now = now

    def ask_to_register(self, user_id: UUID, account: str, display_name: str) -> PasskeyQuestion:
        """Ask an authenticator of somebody signed in for a new passkey."""
        import webauthn
        from webauthn.helpers import structs

        known = [_descriptor(passkey.credential_id) for passkey in self._repository.list(user_id)]
        if len(known) >= MOST_PER_PERSON:
            raise PasskeyNotRegistered(f"at most {MOST_PER_PERSON} passkeys")
        options = webauthn.generate_registration_options(
            rp_id=self._rp_id,
            rp_name=_RP_NAME,
            user_id=user_id.bytes,
            user_name=account,
            user_display_name=display_name or account,
            exclude_credentials=known,
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.REQUIRED,
                user_verification=structs.UserVerificationRequirement.REQUIRED,
            ),
        )
        return self._question(options, REGISTER, user_id)

    def register(self, user_id: UUID, asked: Asked, credential: dict[str, Any], name: str) -> PasskeyRead:
        """Keep a new passkey.

        Raises: PasskeyNotRegistered, PasskeyKnown.
        """
        import webauthn
        from webauthn.helpers.exceptions import WebAuthnException

        if asked.user_id != user_id:
            raise PasskeyNotRegistered("this question was asked somebody else")
        try:
            seen = webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=_decoded(asked.payload["challenge"]),
                expected_rp_id=self._rp_id,
                expected_origin=self._origins,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise PasskeyNotRegistered(f"the authenticator's answer is refused: {error}") from None
        credential_id = _encoded(seen.credential_id)
        if self._repository.find_by_credential(credential_id) is not None:
            raise PasskeyKnown("this passkey is registered already")
        passkey = Passkey(
            user_id=user_id,
            credential_id=credential_id,
            public_key=_encoded(seen.credential_public_key),
            sign_count=seen.sign_count,
            name=name.strip()[:100] or f"Passkey {self._now():%Y-%m-%d}",
            is_backed_up=seen.credential_backed_up,
        )
        self._repository.add(passkey)
        self._trail.record(
            "factor.added", str(user_id), target=str(passkey.id), target_type="passkey", factor="passkey"
        )
        return PasskeyRead.model_validate(passkey)

    def ask_to_sign_in(self) -> PasskeyQuestion:
        """Ask whoever it is for any passkey of this site; the question tells nothing about accounts."""
        import webauthn
        from webauthn.helpers import structs

        options = webauthn.generate_authentication_options(
            rp_id=self._rp_id, user_verification=structs.UserVerificationRequirement.REQUIRED
        )
        return self._question(options, SIGN_IN, None)

    def check(self, asked: Asked, credential: dict[str, Any]) -> UUID:
        """Return who answered with a passkey.

        Raises: BadPasskey.
        """
        import webauthn
        from webauthn.helpers.exceptions import WebAuthnException

        passkey = self._repository.find_by_credential(str(credential.get("id", ""))[:1_500])
        if passkey is None:
            raise BadPasskey("the passkey is not known here")
        try:
            seen = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=_decoded(asked.payload["challenge"]),
                expected_rp_id=self._rp_id,
                expected_origin=self._origins,
                credential_public_key=_decoded(passkey.public_key),
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise BadPasskey(f"the passkey is refused: {error}") from None
        handle = (credential.get("response") or {}).get("userHandle")
        if handle and _handle(handle) != passkey.user_id.bytes:
            raise BadPasskey("the passkey belongs to another account")
        passkey.sign_count, passkey.last_used_at = seen.new_sign_count, self._now()
        passkey.is_backed_up = seen.credential_backed_up
        return passkey.user_id

    def list(self, user_id: UUID) -> Sequence[PasskeyRead]:
        """Return somebody's passkeys."""
        return [PasskeyRead.model_validate(passkey) for passkey in self._repository.list(user_id)]

    def delete(self, user_id: UUID, passkey_id: UUID) -> None:
        """Forget a passkey.

        Raises: PasskeyNotFound.
        """
        passkey = self._repository.find(user_id, passkey_id)
        if passkey is None:
            raise PasskeyNotFound("no such passkey")
        self._repository.delete(passkey)
        self._trail.record(
            "factor.removed", str(user_id), target=str(passkey_id), target_type="passkey", factor="passkey"
        )

    def _question(self, options: Any, purpose: str, user_id: UUID | None) -> PasskeyQuestion:
        import webauthn

        token = self._challenges.ask(purpose, {"challenge": _encoded(options.challenge)}, user_id)
        return PasskeyQuestion(challenge=token, public_key=json.loads(webauthn.options_to_json(options)))


def _descriptor(credential_id: str) -> Any:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return PublicKeyCredentialDescriptor(id=_decoded(credential_id))


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _handle(text: str) -> bytes:
    try:
        return _decoded(text)
    except (binascii.Error, ValueError):
        return b""


def build(session: Session, resources: Resources) -> PasskeyService:
    """Return the service for one transaction."""
    return PasskeyService(
        PasskeyRepository(session),
        build_challenges(session, resources),
        build_trail(session, resources),
        SecuritySettings.of(resources.settings).page_origins,
    )
