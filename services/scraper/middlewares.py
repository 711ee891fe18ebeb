"""Downloader middlewares around the archive: answers that need no request, 304, storing every response."""

from __future__ import annotations

import ipaddress
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from services.scraper.archive import ArchiveWriter, IndexEntry, request_key
from services.scraper.archive_reader import ArchivedResponse, moment_of, read_entry
from services.scraper.journal import Journal
from services.scraper.recheck import is_due

IS_LOCAL = "openpolicy_local"
"""Set in ``request.meta`` when the answer came from an archive: do not archive it again."""
IS_TRUSTED = "openpolicy_trusted"
"""Set in ``request.meta`` when an archived answer is known to be current."""
RECHECK_DAYS = "openpolicy_recheck_days"
"""The source's days of reading again, in ``request.meta`` of what is not read every time."""
RETRIEVED_AT = "openpolicy_retrieved_at"
"""When an archived answer came over the wire, in ``request.meta``."""
IS_UNCHANGED = "unchanged"
"""Flag of a response whose body the server confirmed with 304."""
IS_SETTLED = "settled"
"""Flag of an archived answer that is not due to be read again."""


class Vault:
    """A run's view of the archive: what it wrote, and what earlier runs of the source left."""

    def __init__(
        self, folder: Path, writer: ArchiveWriter, journal: Journal, known: Journal | None, reader: str
    ) -> None:
        self.writer = writer
        self._reader = reader
        self._folder = folder
        self._journal = journal
        self._known = known
        self._own = {entry.key for entry in writer.entries}
        journal.documents(writer.entries)

    def own(self, key: str) -> ArchivedResponse | None:
        """Return what this run fetched before it was interrupted."""
        if key not in self._own:
            return None
        entry = self._journal.document(key)
        return read_entry(self._folder, entry) if entry else None

    def known(self, key: str) -> tuple[IndexEntry, ArchivedResponse] | None:
        """Return what an earlier run fetched, when its archive is still there."""
        entry = self._known.document(key) if self._known else None
        response = read_entry(self._folder, entry) if entry else None
        return (entry, response) if entry and response and response.status == HTTPStatus.OK else None

    def again(self, key: str) -> ArchivedResponse | None:
        """Return what an earlier run fetched and note that this run uses it."""
        known = self.known(key)
        if known is None:
            return None
        self.writer.refer(known[0])
        self.keep(known[0])
        return known[1]

    def is_read(self, key: str) -> bool:
        """Tell whether an earlier run read the answer with the parser as it is today."""
        return self._known is not None and self._known.reader(key) == self._reader

    def entry(self, key: str) -> IndexEntry | None:
        """Return where an earlier run archived the answer, or None."""
        return self._known.document(key) if self._known else None

    def validators(self, key: str) -> IndexEntry | None:
        """Return the validators of an earlier answer."""
        entry = self.entry(key)
        return entry if entry and (entry.etag or entry.last_modified) else None

    def keep(self, entry: IndexEntry) -> None:
        """Note an archived document of this run."""
        self._journal.documents([entry])


class HostGuard:
    """Refuses addresses that no public source has: no upstream leads the crawl into a private network."""

    def __init__(self, *, has_stand_in: bool) -> None:
        self._has_stand_in = has_stand_in

    @classmethod
    def from_crawler(cls, crawler: Any) -> HostGuard:
        """Build from the crawl's settings."""
        return cls(has_stand_in=bool(crawler.settings.get("OPENPOLICY_UPSTREAM")))

    def process_request(self, request: Request) -> None:
        """Refuse other schemes, names without a dot and private addresses."""
        parts = urlsplit(request.url)
        host = parts.hostname or ""
        if parts.scheme not in {"http", "https"} or not host:
            raise IgnoreRequest(f"not a web address: {request.url}")
        if self._has_stand_in:
            return
        try:
            is_public = ipaddress.ip_address(host).is_global
        except ValueError:
            is_public = "." in host.strip(".") and not host.endswith((".local", ".internal", ".localhost"))
        if not is_public:
            raise IgnoreRequest(f"{host} is not a public host")


class LocalAnswers:
    """Answers from the archive: what this run has fetched already, and what is known to be unchanged."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    @classmethod
    def from_crawler(cls, crawler: Any) -> LocalAnswers:
        """Build on the crawl's vault."""
        return cls(crawler.spider.vault)

    def process_request(self, request: Request) -> Response | None:
        """Return an archived answer, or None to go on to the network."""
        # A redirect or retry inherits the meta of the request before it.
        request.meta.pop(IS_LOCAL, None)
        key = request_key(request.method, request.url, request.body)
        archived = self._vault.own(key)
        flags: list[str] = []
        if archived is None and request.meta.get(IS_TRUSTED):
            archived, flags = self._vault.again(key), [IS_UNCHANGED]
        elif archived is None and self._is_settled(key, request):
            # With a newer parser the archived answer is read again, not fetched again.
            archived = self._vault.again(key)
            flags = [IS_SETTLED] if self._vault.is_read(key) else []
        if archived is None or archived.status >= HTTPStatus.BAD_REQUEST:
            return None
        request.meta[IS_LOCAL] = True
        return as_response(archived, request, flags)

    def _is_settled(self, key: str, request: Request) -> bool:
        days = request.meta.get(RECHECK_DAYS) or ()
        entry = self._vault.entry(key) if days else None
        if entry is None:
            return False
        first_seen = moment_of(entry.first_seen or entry.retrieved_at)
        return not is_due(first_seen, moment_of(entry.retrieved_at), days)


class Conditional:
    """Asks "only if changed" where an earlier answer is archived, and turns 304 back into that answer."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    @classmethod
    def from_crawler(cls, crawler: Any) -> Conditional:
        """Build on the crawl's vault."""
        return cls(crawler.spider.vault)

    def process_request(self, request: Request) -> None:
        """Add the validators of the archived answer."""
        key = request_key(request.method, request.url, request.body)
        entry = self._vault.validators(key)
        if entry is None or request.meta.get("openpolicy_unconditional") or self._vault.known(key) is None:
            return
        if entry.etag:
            request.headers["If-None-Match"] = entry.etag
        if entry.last_modified:
            request.headers["If-Modified-Since"] = entry.last_modified

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Replace a 304 by the archived answer; ask again in full when that is gone."""
        if response.status != HTTPStatus.NOT_MODIFIED:
            return response
        known = self._vault.known(request_key(request.method, request.url, request.body))
        if known is None and request.meta.get("openpolicy_unconditional"):
            # Nobody asked "only if changed": the answer is a failure like any other.
            return response
        if known is None:
            again: Request = request.copy()
            again.meta["openpolicy_unconditional"] = True
            for name in ("If-None-Match", "If-Modified-Since"):
                again.headers.pop(name, None)
            again.dont_filter = True
            return again
        entry, archived = known
        self._vault.keep(self._vault.writer.revisit(entry, header_pairs(response)))
        return as_response(archived, request, [IS_UNCHANGED])


class ArchiveEverything:
    """Stores every response as it came over the wire, before anything else looks at it."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    @classmethod
    def from_crawler(cls, crawler: Any) -> ArchiveEverything:
        """Build on the crawl's vault."""
        return cls(crawler.spider.vault)

    def process_response(self, request: Request, response: Response) -> Response:
        """Write the response to the WARC of this run."""
        if request.meta.get(IS_LOCAL) or response.status == HTTPStatus.NOT_MODIFIED:
            return response
        try:
            reason = HTTPStatus(response.status).phrase
        except ValueError:
            reason = ""
        known = self._vault.entry(request_key(request.method, request.url, request.body))
        entry = self._vault.writer.response(
            request.url,
            response.status,
            reason,
            header_pairs(response),
            response.body,
            method=request.method,
            request_body=request.body,
            first_seen=(known.first_seen or known.retrieved_at) if known else "",
        )
        if response.status < HTTPStatus.BAD_REQUEST:
            self._vault.keep(entry)
        return response


def header_pairs(response: Response) -> list[tuple[str, str]]:
    """Return the headers of a response as text pairs, one per value."""
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in response.headers.items()
        for value in values
    ]


def as_response(archived: ArchivedResponse, request: Request, flags: list[str]) -> Response:
    """Return an archived answer as Scrapy knows it; its body is already unpacked."""
    headers = {
        name: value
        for name, value in archived.headers.items()
        if name not in {"content-encoding", "content-length"}
    }
    request.meta[RETRIEVED_AT] = archived.retrieved_at
    return Response(
        url=archived.url,
        status=archived.status,
        headers=headers,
        body=archived.body,
        request=request,
        flags=flags,
    )
