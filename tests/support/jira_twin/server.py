"""The socket: answers, and connections that break where a fault says so."""

from __future__ import annotations

import select
import socket
import struct
import sys
import threading
import traceback
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from jira_twin.door import taken_apart
from jira_twin.exchange import PLAIN, Answer, Call
from jira_twin.service import Delivery, Service

RESET = struct.pack("ii", 1, 0)
TICK = 0.05


class Server(ThreadingHTTPServer):
    """A server that can be stopped whole, whatever its connections wait for."""

    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, service: Service, port: int) -> None:
        self.service = service
        self.open: set[socket.socket] = set()
        self.guard = threading.Lock()
        super().__init__(("127.0.0.1", port), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Keep an eye on each connection."""
        with self.guard:
            self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; one that was reset must not say goodbye first."""
        with self.guard:
            self.open.discard(request)
        lingering = (
            request.fileno() >= 0 and request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == RESET
        )
        if lingering:
            request.close()
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers that went away; they do in these tests."""

    def finish(self) -> None:
        """Stop, with all connections."""
        self.service.stopping.set()
        self.shutdown()
        with self.guard:
            for one in self.open:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""

    def _any(self) -> None:
        service = self.server.service
        size = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(size) if size else b""
        twin = service.twin
        call = taken_apart(twin.site, twin.routes, twin.next_number(), self.command, self.path)
        call.headers = {name.lower(): value for name, value in self.headers.items()}
        call.raw = raw
        try:
            delivery = service.serve(call)
        except Exception:  # noqa: BLE001 - a mistake of the twin or of a hook must be seen, whatever it is
            twin.errors.append(traceback.format_exc())
            sys.stderr.write(twin.errors[-1])
            delivery = Delivery(Answer(500, b"the twin itself failed, see twin.errors", kind=PLAIN))
        self._deliver(call, delivery)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _any  # noqa: N815 - the names of the base class

    def _deliver(self, call: Call, delivery: Delivery) -> None:
        if delivery.how == "reset":
            self._reset()
            return
        if delivery.how in {"silence", "slow"}:
            gone = self._wait(delivery.seconds, until_gone=delivery.how == "silence")
            if gone or delivery.how == "silence":
                self.close_connection = True
                return
        body = delivery.answer.encoded()
        head = self._head(call, delivery, len(body))
        if delivery.how == "stall":
            self.wfile.write(head)
            self._wait(delivery.seconds, until_gone=True)
            self.close_connection = True
        elif delivery.how == "truncated":
            self.wfile.write(head + body[: len(body) // 2])
            self.close_connection = True
        else:
            self.wfile.write(head + body)

    def _head(self, call: Call, delivery: Delivery, size: int) -> bytes:
        answer = delivery.answer
        if delivery.how in {"truncated", "stall"}:
            size = max(size, 2)
        lines = {
            "Date": format_datetime(self.server.service.site.clock.now(), usegmt=True),
            "Server": "AtlassianEdge" if self.server.service.site.cloud else "Jira",
            "X-AREQUESTID": call.request_id,
            "Content-Length": str(size),
        }
        if answer.body is not None:
            lines["Content-Type"] = answer.kind
        if self.close_connection:
            lines["Connection"] = "close"
        text = "".join(f"{name}: {value}\r\n" for name, value in (lines | answer.headers).items())
        reason = self.responses.get(answer.status, ("Unknown",))[0]
        return f"HTTP/1.1 {answer.status} {reason}\r\n{text}\r\n".encode("latin-1")

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.close_connection = True

    def _wait(self, seconds: float, *, until_gone: bool) -> bool:
        """Wait; return true when the twin stops or the caller went away."""
        waited = 0.0
        while waited < seconds:
            if self.server.service.stopping.wait(0):
                return True
            readable, _, _ = select.select([self.connection], [], [], min(TICK, seconds - waited))
            if readable and until_gone:
                return True
            if readable:
                self.server.service.stopping.wait(min(TICK, seconds - waited))
            waited += TICK
        return False
