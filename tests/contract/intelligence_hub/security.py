"""security_hub as far as the decision point needs it: tokens for services, a signed bundle, its keys."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey

from hubs.security_hub.bundles.archive import canonical, content_files, revision_of, write


def platform_modules() -> dict[str, str]:
    """Return the platform's own policies by their path in the bundle."""
    folder = files("hubs.security_hub.policy") / "platform"
    found = {}
    for path in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if path.name.endswith(".rego") and not path.name.endswith("_test.rego"):
            stem = path.name.removesuffix(".rego")
            found[f"openpolicy/{stem}/{path.name}"] = path.read_text("utf-8")
    return found


def platform_data() -> dict[str, Any]:
    """Return the data beside them, as the document tree that they see."""
    folder = files("hubs.security_hub.policy") / "platform"
    return {
        "openpolicy": {
            path.name.removesuffix(".json"): json.loads(path.read_text("utf-8"))
            for path in folder.iterdir()
            if path.name.endswith(".json")
        }
    }


class Signer:
    """Makes bundles with a key of its own."""

    def __init__(self, kid: str = "bundles-1") -> None:
        self.kid = kid
        self.key = ECKey.generate_key("P-256", private=True)

    def keys(self) -> dict[str, str]:
        return {self.kid: self.key.as_pem(private=False).decode()}

    def bundle(self, modules: dict[str, str], data: dict[str, Any] | None = None) -> tuple[str, bytes]:
        shipped = {f"openpolicy/{name}": value for name, value in platform_data()["openpolicy"].items()}
        beside = {path: value for path, value in shipped.items() if f"{path}/" in "\n".join(modules)}
        data = {**beside, **(data or {})}
        roots = sorted({path.rpartition("/")[0] for path in modules})
        revision = revision_of(content_files("", roots, modules, data))
        body = write(content_files(revision, roots, modules, data), self.sign)
        return revision, body

    def sign(self, payload: dict[str, Any]) -> str:
        head = {"alg": "ES256", "kid": self.kid}
        return jws.serialize_compact(head, canonical({**payload, "scope": "write"}), self.key)


class Security:
    """A server on loopback; ``publish`` changes what it serves."""

    def __init__(self) -> None:
        self.signer = Signer()
        self.keys = self.signer.keys()
        self.etag, self.body = "", b""
        self.reports: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/bundles/"):
                    if self.headers.get("if-none-match") == outer.etag:
                        threading.Event().wait(0.1)
                        return self.answer(304, b"")
                    return self.answer(200 if outer.body else 404, outer.body)
                rows = [{"kid": kid, "public_pem": pem} for kid, pem in outer.keys.items()]
                return self.answer(200, json.dumps({"data": rows}).encode())

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", 0))
                body = self.rfile.read(length)
                if self.path == "/status":
                    outer.reports.append(json.loads(body))
                    return self.answer(204, b"")
                token = {"access_token": "x", "token_type": "Bearer", "expires_in": 600, "scope": ""}
                return self.answer(200, json.dumps(token).encode())

            def answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("etag", outer.etag)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def publish(self, modules: dict[str, str], data: dict[str, Any] | None = None) -> str:
        """Serve another bundle and return its revision."""
        revision, body = self.signer.bundle(modules, data)
        self.serve(body)
        return revision

    def serve(self, body: bytes) -> None:
        """Serve these bytes."""
        self.body, self.etag = body, f'"{hash(body) & 0xFFFFFFFF:x}"'

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
