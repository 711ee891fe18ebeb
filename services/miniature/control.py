"""The control panel of the miniature: faults by path, changes of the facts, and the log of what was asked."""

import fnmatch
import json
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from services.miniature.facts.model import Member
from services.miniature.world import World

FaultKind = Literal[
    "too_many_requests",
    "server_error",
    "forbidden",
    "not_found",
    "slow",
    "truncated",
    "disconnect",
    "html_error",
    "redirect",
    "encoding",
    "empty",
    "blank",
    "oversize",
    "entity_bomb",
]
# the parameters that each kind of fault understands, with their defaults
FAULTS: dict[str, dict[str, Any]] = {
    "too_many_requests": {"retry_after": "1"},
    "server_error": {"status": 500},
    "forbidden": {},
    "not_found": {},
    "slow": {"before": 0.0, "within": 0.0},
    "truncated": {"keep": 0.5},
    "disconnect": {"keep": 0.5},
    "html_error": {},
    "redirect": {"to": "", "status": 302},
    "encoding": {"style": "utf8"},
    "empty": {},
    "blank": {},
    "oversize": {"size": 200_000_000},
    "entity_bomb": {},
}
ENCODING_STYLES = ("utf8", "latin-1-declared", "latin-1-bytes", "utf-16-declared")
MAX_LOGGED = 20_000


@dataclass(slots=True)
class Fault:
    """Misbehaviour of every host/path that matches `glob` (`*` crosses slashes), `times` times or always."""

    glob: str
    kind: str
    times: int | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def option(self, name: str) -> Any:
        """The value given for a parameter of this fault, or its default."""
        return self.options.get(name, FAULTS[self.kind][name])


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request: when (seconds since the start), what was asked with which headers, the status answered."""

    at: float
    method: str
    path: str
    query: str
    headers: dict[str, str]
    status: int

    def as_json(self) -> dict[str, Any]:
        """The record as the control API answers it."""
        return {name: getattr(self, name) for name in ("at", "method", "path", "query", "headers", "status")}


class Control:
    """Steers one miniature server; every method is safe to call from any thread while the server runs."""

    def __init__(self, world: World | None = None) -> None:
        self._lock = threading.Lock()
        self._initial = world or World()
        self._world = self._initial
        self._faults: list[Fault] = []
        self._log: deque[RequestRecord] = deque(maxlen=MAX_LOGGED)
        self._counts: Counter[str] = Counter()
        self._robots: dict[str, str] = {}
        self._edits: dict[str, bytes] = {}

    # ------------------------------------------------------------------ facts
    @property
    def world(self) -> World:
        """The facts as they stand now."""
        with self._lock:
            return self._world

    def change(self, step: Callable[[World], World]) -> World:
        """Replace the world by what `step` makes of it. Raises whatever `step` raises."""
        with self._lock:
            self._world = step(self._world)
            return self._world

    def change_member(self, person_id: int, **changes: Any) -> World:
        """A member's facts change, such as `caucus="Independent"`. Raises KeyError for an unknown person."""
        return self.change(lambda world: world.with_member(person_id, **changes))

    def add_member(self, **facts: Any) -> World:
        """A person is added to the House; the fields are those of Member. Raises TypeError or ValueError."""
        return self.change(lambda world: world.with_new_member(Member(**facts)))

    def remove_member(self, person_id: int) -> World:
        """A member vanishes from the list. Raises KeyError for an unknown person."""
        return self.change(lambda world: world.without_member(person_id))

    def change_bill(self, number: str, **changes: Any) -> World:
        """A bill moves, such as `status="royal_assent"`. Raises KeyError or ValueError."""
        return self.change(lambda world: world.with_bill(number, **changes))

    def move_bill(self, number: str, reading: str, at: str, status: str, event: str) -> World:
        """A bill passes a reading: new status and latest activity. Raises KeyError or ValueError."""
        return self.change(lambda world: world.with_reading(number, reading, at, status, event))

    def remove_bill(self, number: str) -> World:
        """A bill vanishes from the list and from its own address. Raises KeyError."""
        return self.change(lambda world: world.without_bill(number))

    def remove_division(self, number: int) -> World:
        """A recorded division vanishes. Raises KeyError."""
        return self.change(lambda world: world.without_division(number))

    def extra_divisions(self, count: int) -> World:
        """Add `count` divisions numbered from 1001: pages enough for a bench."""
        return self.change(lambda world: world.with_extra_divisions(count))

    def layout(self, document: str, variant: str) -> World:
        """Switch a document family to another upstream layout. Raises ValueError."""
        return self.change(lambda world: world.with_layout(document, variant))

    def replace_document(self, path: str, body: bytes | None) -> None:
        """Serve these bytes at exactly this host/path instead of the rendered document; None restores it."""
        with self._lock:
            if body is None:
                self._edits.pop(path.strip("/").lower(), None)
            else:
                self._edits[path.strip("/").lower()] = body

    def replaced(self, path: str) -> bytes | None:
        """The bytes put in place of the document at a host/path, if any."""
        with self._lock:
            return self._edits.get(path.strip("/").lower())

    # ----------------------------------------------------------------- robots
    def robots(self, host: str, text: str) -> None:
        """Replace the robots.txt of one host; an empty host stands for the root of the server."""
        with self._lock:
            self._robots[host] = text

    def robots_for(self, host: str) -> str | None:
        """The robots.txt set for a host, if one was."""
        with self._lock:
            return self._robots.get(host)

    # ----------------------------------------------------------------- faults
    def fault(self, glob: str, kind: FaultKind | str, times: int | None = None, **options: Any) -> Fault:
        """Make matching paths misbehave; the newest match wins. Raises ValueError for a bad fault."""
        if kind not in FAULTS:
            raise ValueError(f"unknown fault {kind!r}; known: {', '.join(sorted(FAULTS))}")
        unknown = sorted(set(options) - set(FAULTS[kind]))
        if unknown:
            raise ValueError(
                f"fault {kind} has no option {', '.join(unknown)}; it has: {sorted(FAULTS[kind])}"
            )
        if kind == "encoding" and options.get("style", "utf8") not in ENCODING_STYLES:
            raise ValueError(
                f"unknown encoding style {options['style']!r}; known: {', '.join(ENCODING_STYLES)}"
            )
        if times is not None and times < 1:
            raise ValueError("times must be at least 1, or left out for a fault that stays")
        made = Fault(glob.strip("/").lower(), kind, times, dict(options))
        with self._lock:
            self._faults.append(made)
        return made

    def clear_faults(self) -> None:
        """Every path behaves again."""
        with self._lock:
            self._faults.clear()

    def take_fault(self, path: str) -> Fault | None:
        """The fault to apply to one request for a host/path; a counted fault is used up by it."""
        wanted = path.strip("/").lower()
        with self._lock:
            for made in reversed(self._faults):
                if not fnmatch.fnmatchcase(wanted, made.glob):
                    continue
                if made.times is not None:
                    made.times -= 1
                    if made.times == 0:
                        self._faults.remove(made)
                return made
        return None

    # -------------------------------------------------------------------- log
    def record(self, made: RequestRecord) -> None:
        """Note one answered request."""
        with self._lock:
            self._log.append(made)
            self._counts[made.path] += 1

    def requests(self, glob: str = "*") -> list[RequestRecord]:
        """The latest requests (at most MAX_LOGGED) whose host/path matches, oldest first."""
        wanted = glob.strip("/").lower()
        with self._lock:
            kept = list(self._log)
        return [made for made in kept if fnmatch.fnmatchcase(made.path.strip("/").lower(), wanted)]

    def count(self, glob: str = "*") -> int:
        """How many requests matched since the log was last cleared, however many there were."""
        wanted = glob.strip("/").lower()
        with self._lock:
            counted = list(self._counts.items())
        return sum(n for path, n in counted if fnmatch.fnmatchcase(path.strip("/").lower(), wanted))

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        with self._lock:
            self._log.clear()
            self._counts.clear()

    def reset(self) -> None:
        """Back to the first world: no faults, no changes, no log."""
        self.clear_faults()
        self.clear_requests()
        with self._lock:
            # a revision never comes back: a client's old ETag must not match by accident
            self._world = World(
                revision=self._world.revision + 1,
                members=self._initial.members,
                bills=self._initial.bills,
                divisions=self._initial.divisions,
                layouts=dict(self._initial.layouts),
            )
            self._robots.clear()
            self._edits.clear()

    # --------------------------------------------------------------- over HTTP
    def handle(
        self, method: str, path: str, query: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, Any]]:
        """Answer one request under /_control with a status and a JSON object."""
        try:
            arguments = json.loads(body) if body.strip() else {}
            if not isinstance(arguments, dict):
                raise TypeError("the body must be a JSON object")
            return self._dispatch(method, path.strip("/"), query, arguments)
        except (ValueError, KeyError, TypeError) as error:
            return 400, {"error": str(error.args[0] if error.args else error)}

    def _dispatch(
        self, method: str, name: str, query: dict[str, str], given: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        if (method, name) == ("GET", "requests"):
            glob = query.get("path", "*")
            found = [made.as_json() for made in self.requests(glob)]
            return 200, {"count": self.count(glob), "requests": found}
        if (method, name) == ("DELETE", "requests"):
            self.clear_requests()
            return 200, {"cleared": True}
        if (method, name) == ("POST", "faults"):
            options = dict(given)
            made = self.fault(options.pop("path"), options.pop("kind"), options.pop("times", None), **options)
            return 201, {"path": made.glob, "kind": made.kind, "times": made.times}
        if (method, name) == ("DELETE", "faults"):
            self.clear_faults()
            return 200, {"cleared": True}
        if (method, name) == ("POST", "changes"):
            return 200, {"revision": self._change_by_name(dict(given)).revision}
        if (method, name) == ("POST", "robots"):
            self.robots(str(given["host"]), str(given["text"]))
            return 200, {"host": given["host"]}
        if (method, name) == ("POST", "reset"):
            self.reset()
            return 200, {"revision": self.world.revision}
        if (method, name) == ("GET", "state"):
            world = self.world
            return 200, {
                "revision": world.revision,
                "members": len(world.members),
                "bills": len(world.bills),
                "divisions": len(world.divisions),
                "ballots": sum(len(world.ballots(division)) for division in world.divisions),
                "layouts": world.layouts,
            }
        return 404, {"error": f"no control {method} /_control/{name}"}

    def _change_by_name(self, given: dict[str, Any]) -> World:
        operations: dict[str, Callable[..., World]] = {
            "change_member": self.change_member,
            "add_member": self.add_member,
            "remove_member": self.remove_member,
            "change_bill": self.change_bill,
            "move_bill": self.move_bill,
            "remove_bill": self.remove_bill,
            "remove_division": self.remove_division,
            "extra_divisions": self.extra_divisions,
            "layout": self.layout,
        }
        name = given.pop("change", "")
        if name not in operations:
            raise ValueError(f"unknown change {name!r}; known: {', '.join(sorted(operations))}")
        return operations[name](**given)
