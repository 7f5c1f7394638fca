"""The twin's other port: faults, people, time, and what was done, over HTTP and JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from jira_twin.twin import Twin

VERBS = {
    "create", "edit", "edit_description", "comment", "edit_comment", "delete_comment", "delete_remote_link",
    "add_label", "remove_label", "move", "close", "reopen", "start", "delete", "archive", "clone", "release",
    "set_fix_version", "link",
}  # fmt: skip


def plain(value: Any) -> Any:
    """Return records as JSON values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple | set) else value


class Admin:
    """What the admin port can do."""

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self.reads: dict[str, Callable[[], Any]] = {
            "/journal": lambda: twin.journal,
            "/issues": twin.issues,
            "/requests": lambda: list(twin.requests),
            "/violations": lambda: list(twin.violations),
            "/faults": lambda: list(twin.script.faults),
            "/now": lambda: twin.now,
        }
        self.writes: dict[str, Callable[[dict[str, Any]], Any]] = {
            "/fault": lambda said: twin.fault(said.pop("name"), **said),
            "/clear": lambda _: twin.clear_faults(),
            "/advance": lambda said: twin.advance(said["seconds"]),
            "/project": lambda said: twin.project(said.pop("key"), **said),
            "/person": self.person,
        }

    def person(self, said: dict[str, Any]) -> Any:
        """Do as a person: {"name": "ann", "do": "edit", …arguments by name}."""
        verb = said.pop("do")
        if verb not in VERBS:
            raise ValueError(f"a person can't {verb!r}; there are: {', '.join(sorted(VERBS))}")
        return getattr(self.twin.as_person(said.pop("name", "ann")), verb)(**said)

    def answer(self, method: str, path: str, said: dict[str, Any]) -> tuple[int, Any]:
        """Return the status and the value for a request."""
        try:
            if method == "GET" and path in self.reads:
                return 200, plain(self.reads[path]())
            if method == "POST" and path in self.writes:
                return 200, plain(self.writes[path](said))
        except (KeyError, TypeError, ValueError, LookupError) as error:
            return 400, {"error": f"{type(error).__name__}: {error}"}
        return 404, {"error": f"there are GET {', '.join(self.reads)} and POST {', '.join(self.writes)}"}

    def server(self) -> ThreadingHTTPServer:
        """Return a server on a free port, not yet running."""
        admin = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
                """Say nothing."""

            def _any(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                said = json.loads(self.rfile.read(size)) if size else {}
                status, value = admin.answer(self.command, self.path, said)
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = _any  # noqa: N815 - the names of the base class

        return ThreadingHTTPServer(("127.0.0.1", 0), Handler)
