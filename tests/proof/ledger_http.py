"""A tracker over HTTP for the proof with real processes: a small server, and its client in the port's shape.

The server keeps a `FakeTracker`. A request is a verb and its arguments as JSON. Faults of the network come on
top: the connection is reset after the commit, nothing is said, or the answer is cut short. Nobody sleeps for
an answer that won't come: the server says at once that the client's patience would have ended.
"""

from __future__ import annotations

import http.client
import json
import random
import socket
import struct
import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing.sharedctypes import Synchronized
from typing import Any

from fake_tracker import FakeTracker, Odds
from ledger_world import draft, says

from bridge.errors import BridgeError, InDoubt, TrackerError, TrackerGone, TrackerUnreachable
from bridge.plan import Draft
from bridge.render.document import Document
from bridge.render.format import Format
from bridge.render.markdown import Markdown
from bridge.tracker import Comment, Edit, FieldUpdate, Remote
from bridge.tracker.clock import Moment

TIMEOUT_S = 5.0
SILENCE = 599
"""Says that nothing is said: the client takes it as its timeout."""

ODDS = Odds(late=0.05, lost=0.05, unanswered=0.0, usual_lag=2.0, long_lag=0.1, call_s=0.0)
NETWORK = ("reset", "silence", "cut")
NETWORK_SHARE = 0.06


class SharedClock:
    """The machine's own seconds, and those that the proof has let go by; the wall may be set."""

    def __init__(self, ahead: Synchronized[float], wall_step: timedelta = timedelta()) -> None:
        self._ahead, self._step = ahead, wall_step

    @property
    def seconds(self) -> float:
        """Return the seconds since the start."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) + float(self._ahead.value)

    def now(self) -> Moment:
        """Return the moment."""
        return Moment("proof", self.seconds, datetime.now(UTC) + self._step)

    def sleep(self, seconds: float) -> None:
        """Let nothing go by: only the proof does that."""


class HttpTracker:
    """The client. `event` is told of each moment of a call."""

    name = "fake"
    settle_s = 420.0

    def __init__(self, port: int, event: Callable[[str], None]) -> None:
        self.format: Format = Markdown()
        self._port, self._event = port, event

    def ready(self, projects: Collection[str]) -> None:
        self.call("ready", list(projects))

    def find(self, marker: str) -> list[Remote]:
        return [_remote(row) for row in self.call("find", marker)]

    def look(self, issue_id: str) -> Remote | None:
        row = self.call("look", issue_id)
        return _remote(row) if row else None

    def history(self, issue_id: str, since: datetime) -> list[Edit]:  # noqa: ARG002 - the port
        return []

    def create(self, draft: Draft, marker: str, op: str) -> Remote:
        return _remote(self.call("create", draft.topic, marker, op))

    def update(self, issue_id: str, change: FieldUpdate) -> None:
        self.call("update", issue_id, list(change.add_labels), list(change.remove_labels))

    def comment(self, issue_id: str, document: Document, op: str) -> str:
        return str(self.call("comment", issue_id, self.format.write(document), op))

    def comments(self, issue_id: str) -> list[Comment]:
        return [Comment(id=i, op=op, text="") for i, op in self.call("comments", issue_id)]

    def __getattr__(self, name: str) -> Any:
        msg = f"the proof doesn't ask for {name}"
        raise AttributeError(msg)

    def call(self, verb: str, *arguments: Any) -> Any:
        """Ask once, and class what comes of it."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        self._event("before")
        try:
            connection.connect()
        except OSError as error:
            raise TrackerUnreachable(f"no connection: {error}") from error
        try:
            connection.request("POST", f"/{verb}", json.dumps(arguments))
            self._event("sent")
            answer = connection.getresponse()
            if answer.status == SILENCE:
                raise TimeoutError
            body = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise InDoubt(f"no clear answer to {verb}: {type(error).__name__}") from error
        finally:
            connection.close()
        self._event("answered")
        if answer.status == http.client.NOT_FOUND:
            raise TrackerGone(str(body))
        if answer.status != http.client.OK:
            raise TrackerError(str(body))
        return body


def _remote(row: dict[str, Any]) -> Remote:
    return Remote(**{**row, "labels": frozenset(row["labels"])})


def _row(remote: Remote | None) -> dict[str, Any] | None:
    if remote is None:
        return None
    names = ("id", "key", "project", "title", "status", "category", "description", "figures")
    return {name: getattr(remote, name) for name in names} | {"labels": sorted(remote.labels)}


class Desk:
    """What the server does for each verb; `reset` begins a new trial."""

    def __init__(self, clock: SharedClock) -> None:
        self._clock = clock
        self.reset(0, 0.0)

    def reset(self, seed: int, share: float) -> None:
        """Forget everything."""
        self.draw, self.share = random.Random(seed), share
        odds = ODDS if share else Odds(call_s=0.0)
        self.tracker = FakeTracker(self._clock, odds, self.draw)  # type: ignore[arg-type]

    def do(self, verb: str, arguments: Sequence[Any]) -> Any:
        """Do what is asked."""
        own: dict[str, Callable[..., Any]] = {
            "create": self._create,
            "update": self._update,
            "comment": self._comment,
        }
        if verb in own:
            return own[verb](*arguments)
        if verb == "reset":
            return self.reset(*arguments)
        if verb == "journal":
            return [self.tracker.markers(), self.tracker.ops()]
        if verb == "where":
            return self._where(*arguments)
        if verb == "comments":
            return [(c.id, c.op) for c in self.tracker.comments(*arguments)]
        found = getattr(self.tracker, verb)(*arguments)
        return [_row(r) for r in found] if verb == "find" else _row(found)

    def _create(self, topic: int, marker: str, op: str) -> Any:
        return _row(self.tracker.create(draft(topic), marker, op))

    def _update(self, issue: str, add: list[str], remove: list[str]) -> None:
        self.tracker.update(issue, FieldUpdate(add_labels=tuple(add), remove_labels=tuple(remove)))

    def _comment(self, issue: str, text: str, op: str) -> str:
        return self.tracker.comment(issue, says(text), op)

    def _where(self, marker: str, op: str) -> str:
        keys = [i.remote.key for i in self.tracker.issues if marker and marker in i.remote.labels]
        return (keys + [c.id for i in self.tracker.issues for c in i.comments if op and c.op == op] + [""])[0]


def serve(listener: socket.socket, ahead: Synchronized[float]) -> None:
    """Answer requests, one after the other, for ever."""
    desk = Desk(SharedClock(ahead))
    while True:
        connection, _ = listener.accept()
        connection.settimeout(2)
        try:
            verb, arguments = _request(connection)
            fault = _fault(desk, verb)
            status, body = _answer(desk, verb, arguments)
            if status is None or fault == "silence":
                status, body = SILENCE, b""
            if fault == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                sent = f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
                connection.sendall(sent[: len(sent) // 2] if fault == "cut" else sent)
        except OSError:
            pass
        connection.close()


def _request(connection: socket.socket) -> tuple[str, list[Any]]:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            raise OSError
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(
        next(line.split(b":")[1] for line in head.splitlines() if line.lower().startswith(b"content-l"))
    )
    while len(body) < length:
        part = connection.recv(65536)
        if not part:
            raise OSError
        body += part
    return head.split(b" ")[1].decode().lstrip("/"), json.loads(body)


def _fault(desk: Desk, verb: str) -> str | None:
    asked = verb in ("reset", "journal", "where") or desk.draw.random() >= desk.share
    return None if asked else desk.draw.choice(NETWORK)


def _answer(desk: Desk, verb: str, arguments: Sequence[Any]) -> tuple[int | None, bytes]:
    try:
        return 200, json.dumps(desk.do(verb, arguments)).encode()
    except TrackerGone as error:
        return 404, json.dumps(str(error)).encode()
    except InDoubt:
        return None, b""
    except BridgeError as error:
        return 400, json.dumps(str(error)).encode()
