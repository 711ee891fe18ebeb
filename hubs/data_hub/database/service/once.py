"""Once: a write with the same idempotency key is carried out one time and answers the same every time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel

from hubs.data_hub.database.errors import KeyReused
from hubs.data_hub.database.repository.ledger import LedgerRepository
from shared.core.clock import utc_now
from shared.core.errors import BadRequest, Conflict

M = TypeVar("M", bound=BaseModel)
_KEY = re.compile(r'^"?([\x21\x23-\x7e]{1,200})"?$')


class OnceService:
    """Guards writes by their idempotency keys, in the transaction of the write itself."""

    def __init__(self, ledger: LedgerRepository) -> None:
        self._ledger = ledger

    def run(self, key: str, caller: str, body: bytes, answer: type[M], write: Callable[[], M]) -> M:
        """Carry out ``write`` unless this caller's key has been used; then return what it answered.

        Raises: BadRequest for a malformed key; KeyReused when it came with another body; Conflict when the
        first write with it did not end.
        """
        match = _KEY.match(key.strip())
        if match is None:
            raise BadRequest("Idempotency-Key is 1 to 200 visible ASCII characters")
        digest = hashlib.sha256(body).digest()[:16]
        used = self._ledger.claim_key(match[1], caller, digest, utc_now())
        if used is None:
            result = write()
            self._ledger.answer_key(match[1], caller, result.model_dump(mode="json"))
            return result
        known, response = used
        if known != digest:
            raise KeyReused("this Idempotency-Key came with another body before")
        if response is None:
            raise Conflict("the first request with this Idempotency-Key has not ended")
        stored: Any = response
        return answer.model_validate(stored)
