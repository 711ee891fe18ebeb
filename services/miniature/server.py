"""The miniature upstream as an HTTP server on loopback: conditional requests, gzip, faults, a request log."""

import gzip
import json
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from services.miniature.control import Control, Fault, RequestRecord
from services.miniature.faults import apply
from services.miniature.render.document import Document
from services.miniature.routes import Router, error_page
from services.miniature.world import World

FIRST_MODIFIED = datetime(2026, 5, 29, 12, 0, tzinfo=UTC)
ROBOTS = "User-agent: *\nDisallow: /_control\n"
MAX_BODY = 1_000_000
CACHE_BYTES = 8_000_000
_CHUNK = 64 * 1024


class _Shelf:
    """Rendered documents and when each last changed; a bounded memory, cleared when the world changes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rendered: dict[tuple[int, str], Document] = {}
        self._size = 0
        self._stamps: dict[str, tuple[str, datetime]] = {}
        self._changes = 0

    def find(self, revision: int, address: str) -> Document | None:
        with self._lock:
            return self._rendered.get((revision, address))

    def put(self, revision: int, address: str, document: Document) -> None:
        with self._lock:
            if self._size + len(document.body) > CACHE_BYTES:
                self._rendered.clear()
                self._size = 0
            if (revision, address) not in self._rendered:
                self._rendered[(revision, address)] = document
                self._size += len(document.body)

    def validators(self, address: str, body: bytes) -> tuple[str, datetime]:
        """ETag and Last-Modified: a document that changes becomes a minute younger than all before."""
        tag = f'"{sha256(body).hexdigest()[:32]}"'
        with self._lock:
            known = self._stamps.get(address)
            if known is None or known[0] != tag:
                if known is not None:
                    self._changes += 1
                known = (tag, FIRST_MODIFIED + timedelta(minutes=self._changes) if known else FIRST_MODIFIED)
                self._stamps[address] = known
            return known


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, control: Control, router: Router) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.control = control
        self.router = router
        self.shelf = _Shelf()
        self.started = time.monotonic()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """End the kept-alive connections, so that no thread outlives the server."""
        with self._open_lock:
            still_open = list(self._open)
        for connection in still_open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        # a client that hangs up in the middle of an answer is part of the game, not an incident
        return


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:
        return

    # ------------------------------------------------------------------ parts
    def _answer(self) -> None:
        arrived = time.monotonic() - self.server.started
        host, path, query_text = self._address()
        body = self._body()
        if body is None:
            return
        query = {key.lower(): value for key, value in parse_qsl(query_text, keep_blank_values=True)}
        if host == "_control":
            status, told = self.server.control.handle(self.command, path, query, body)
            self._send(Document(json.dumps(told).encode(), "application/json", status))
            return
        address = f"/{host}{path}" if host else path
        fault = None if query.get("redirected") == "1" else self.server.control.take_fault(address)
        if fault is not None and fault.kind == "slow":
            time.sleep(float(fault.option("before")))
        document = self._document(host, path, query_text, query, body)
        document = self._at_home(document, host)
        if fault is not None:
            document = apply(fault, document, self.path if self.path.startswith("/") else address)
        document = self._validated(document, f"{address}?{query_text}", fault)
        # noted before it is sent: whoever has the answer finds the request in the log
        self.server.control.record(
            RequestRecord(
                at=arrived,
                method=self.command,
                path=address,
                query=query_text,
                headers={name.lower(): value for name, value in self.headers.items()},
                status=document.status,
            )
        )
        if fault is not None and fault.kind == "oversize":
            self._send_endless(document, int(fault.option("size")))
        else:
            self._send(document, fault)

    def _address(self) -> tuple[str, str, str]:
        """Host, path and query: of a proxy-style target, of the first path segment, or by the Host header."""
        parts = urlsplit(self.path)
        path = unquote(parts.path) or "/"
        if parts.netloc:
            return parts.netloc.lower(), path, parts.query
        head, _, rest = path.lstrip("/").partition("/")
        if head == "_control" or ("." in head and head.lower() in self.server.router.hosts()):
            return head.lower(), f"/{rest}", parts.query
        named = self.headers.get("Host", "").lower()
        if named in self.server.router.hosts():
            return named, path, parts.query
        return "", path, parts.query

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY:
            self._send(Document(b"", "text/plain", 413 if length.isdigit() else 400))
            self.close_connection = True
            return None
        return self.rfile.read(int(length)) if int(length) else b""

    def _document(
        self, host: str, path: str, query_text: str, query: dict[str, str], body: bytes
    ) -> Document:
        control = self.server.control
        if path.lower() == "/robots.txt":
            return Document((control.robots_for(host) or ROBOTS).encode(), "text/plain; charset=utf-8")
        world = control.world
        replaced = control.replaced(f"{host}{path}")
        address = f"{self.command}/{host}{path}?{query_text}"
        kept = self.server.shelf.find(world.revision, address) if self.command in ("GET", "HEAD") else None
        try:
            made = kept or self.server.router.render(world, self.command, host, path, query, body)
        except ValueError as error:
            # a number in the query that is none, such as ?limit=many
            return error_page(400, f"Bad Request: {error}")
        if kept is None and self.command == "GET" and made.status == 200:
            self.server.shelf.put(world.revision, address, made)
        return made if replaced is None else Document(replaced, made.content_type)

    def _at_home(self, document: Document, host: str) -> Document:
        """A redirect within a site stays under the path segment that stands for the site."""
        if not self.path.lower().startswith(f"/{host}/"):
            return document
        headers = tuple(
            (name, f"/{host}{value}" if name == "Location" and value.startswith("/") else value)
            for name, value in document.headers
        )
        return Document(document.body, document.content_type, document.status, headers)

    def _validated(self, document: Document, address: str, fault: Fault | None) -> Document:
        """The document with its ETag and Last-Modified, or a 304 when the client has it."""
        if document.status != 200 or self.command not in ("GET", "HEAD"):
            return document
        tag, modified = self.server.shelf.validators(address, document.body)
        stamps = (("ETag", tag), ("Last-Modified", format_datetime(modified, usegmt=True)))
        headers = (*document.headers, *stamps, ("Cache-Control", "no-cache"))
        if (fault is None or fault.kind == "slow") and self._is_fresh(tag, modified):
            return Document(b"", document.content_type, 304, headers)
        return Document(document.body, document.content_type, 200, headers)

    def _is_fresh(self, tag: str, modified: datetime) -> bool:
        wanted = self.headers.get("If-None-Match")
        if wanted is not None:
            return wanted.strip() == "*" or tag in [
                part.strip().removeprefix("W/") for part in wanted.split(",")
            ]
        since = self.headers.get("If-Modified-Since")
        if since is None:
            return False
        try:
            return modified <= parsedate_to_datetime(since)
        except (TypeError, ValueError):
            return False

    def _send(self, document: Document, fault: Fault | None = None) -> None:
        body, headers = document.body, list(document.headers)
        accepts = self.headers.get("Accept-Encoding", "")
        if "gzip" in accepts and len(body) > 500:
            # mtime 0: the same document is the same bytes every time
            body = gzip.compress(body, compresslevel=5, mtime=0)
            headers.append(("Content-Encoding", "gzip"))
        headers.append(("Vary", "Accept-Encoding"))
        if document.status != 304:
            headers += [("Content-Type", document.content_type), ("Content-Length", str(len(body)))]
        head = self._head(document.status, headers)
        if self.command == "HEAD" or document.status == 304:
            self._write(head)
            return
        if fault is not None and fault.kind == "disconnect":
            self._write(head + body[: int(len(body) * float(fault.option("keep")))])
            self.close_connection = True
        elif fault is not None and fault.kind == "slow" and float(fault.option("within")) > 0:
            self._write(head + body[: len(body) // 2])
            time.sleep(float(fault.option("within")))
            self._write(body[len(body) // 2 :])
        else:
            self._write(head + body)

    def _send_endless(self, document: Document, size: int) -> None:
        # the document, then blanks up to `size`, without a Content-Length and without gzip
        self._write(self._head(200, [("Content-Type", document.content_type), ("Connection", "close")]))
        self.close_connection = True
        self._write(document.body[:size])
        left = size - len(document.body)
        blanks = b" " * _CHUNK
        while left > 0:
            self._write(blanks[: min(left, _CHUNK)])
            left -= _CHUNK

    def _head(self, status: int, headers: list[tuple[str, str]]) -> bytes:
        reason = self.responses.get(status, ("",))[0]
        lines = [f"HTTP/1.1 {status} {reason}", "Server: Miniature", f"Date: {self.date_time_string()}"]
        lines += [f"{name}: {value}" for name, value in headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _write(self, data: bytes) -> None:
        self.wfile.write(data)


class MiniatureServer:
    """The miniature in a thread of this process: a context manager with `.url`, `.port` and `.control`."""

    def __init__(self, port: int = 0, world: World | None = None, router: Router | None = None) -> None:
        self.control = Control(world)
        self._server = _Server(port, self.control, router or Router())
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that is listened on, on 127.0.0.1."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The base under which every host is a first path segment, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    def base(self, host: str) -> str:
        """The local stand-in of `https://host`."""
        return f"{self.url}/{host}"

    def start(self) -> Self:
        """Serve from a thread until `stop`."""
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="miniature", daemon=True
        )
        self._thread.start()
        return self

    def serve_forever(self) -> None:
        """Serve from this thread until `stop` is called from another one."""
        self._server.serve_forever(poll_interval=0.5)

    def stop(self) -> None:
        """Stop listening and end the open connections."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.close_connections()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
