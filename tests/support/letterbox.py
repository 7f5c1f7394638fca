"""What digests are sent to in tests: a mail server and a webhook on this machine, which can be unwilling."""

from __future__ import annotations

import base64
import json
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

HOST = "127.0.0.1"


@dataclass
class Letterbox:
    """A mail server: what it took, and what it refuses. `tls` is offered when it has a certificate."""

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    envelopes: list[list[str]] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)  # the start of a command → its answer
    refuse_message: str = ""
    hang_up: bool = False  # after the message was taken, without a word
    on_taken: Callable[[], None] = lambda: None
    tls: ssl.SSLContext | None = None
    login: str = ""  # name and password, joined by a colon
    was_encrypted: bool = False

    def text(self, form: str = "plain") -> str:
        """Return the text of the last message in a form."""
        part = self.taken[-1].get_body((form,))
        assert part is not None
        return cast("str", part.get_content())


class _Mail(socketserver.StreamRequestHandler):
    """One talk."""

    @property
    def box(self) -> Letterbox:
        return cast("Any", self.server).box

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        self.people: list[str] = []
        self.say("220 letterbox")
        while line := self.rfile.readline().decode().strip():
            said = line.upper()
            refused = next((a for start, a in self.box.refuse.items() if said.startswith(start.upper())), "")
            if refused:
                self.say(refused)
            elif not self.answer(line):
                return

    def answer(self, line: str) -> bool:
        verb = line[:4].upper()
        if verb == "EHLO":
            more = [*(["STARTTLS"] if self.box.tls else []), *(["AUTH PLAIN"] if self.box.login else [])]
            for word in ("letterbox", *more):
                self.say(f"250-{word}")
            self.say("250 8BITMIME")
        elif line == "STARTTLS" and self.box.tls:
            self.encrypt(self.box.tls)
        elif verb == "AUTH":
            _, name, password = base64.b64decode(line.split()[2]).decode().split("\0")
            self.say("235 in" if f"{name}:{password}" == self.box.login else "535 no such name")
        elif verb == "DATA":
            return self.take()
        elif verb == "QUIT":
            self.say("221 bye")
            return False
        else:
            self.people += [line] if verb == "RCPT" else []
            self.say("250 ok")
        return True

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def encrypt(self, context: ssl.SSLContext) -> None:
        self.say("220 go ahead")
        self.wfile.flush()
        try:
            self.connection = context.wrap_socket(self.connection, server_side=True)
        except OSError:
            return  # it doesn't trust us; the next line tells so
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)  # type: ignore[assignment]
        self.box.was_encrypted = True

    def take(self) -> bool:
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if self.box.refuse_message:
            self.say(self.box.refuse_message)
            return True
        self.box.taken.append(cast("EmailMessage", message_from_bytes(b"".join(lines), policy=policy.SMTP)))
        self.box.envelopes.append(self.people)
        self.box.on_taken()
        if self.box.hang_up:
            return False
        self.say("250 taken")
        return True


@contextmanager
def letterbox(**wishes: Any) -> Iterator[Letterbox]:
    """Open a mail server."""
    with _serving(socketserver.ThreadingTCPServer((HOST, 0), _Mail)) as server:
        box = Letterbox(port=server.server_address[1], **wishes)
        server.box = box
        yield box


@dataclass
class Hook:
    """A webhook: what was posted to it, and what it answers; None hangs up."""

    url: str = ""
    posted: list[dict[str, Any]] = field(default_factory=list)
    answer: int | None = 200
    words: str = "ok"


class _Posted(BaseHTTPRequestHandler):
    """One post."""

    def do_POST(self) -> None:
        hook: Hook = cast("Any", self.server).hook
        hook.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if hook.answer is None:
            return
        self.send_response(hook.answer)
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(hook.words.encode())

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""


@contextmanager
def webhook(**wishes: Any) -> Iterator[Hook]:
    """Open a webhook."""
    with _serving(ThreadingHTTPServer((HOST, 0), _Posted)) as server:
        hook = Hook(url=f"http://{HOST}:{server.server_address[1]}/services/T0/B0/s3cret", **wishes)
        server.hook = hook
        yield hook


@contextmanager
def _serving(server: Any) -> Iterator[Any]:
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    with server:
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(5)


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make a certificate for this machine; return its file, and what a server shows it with."""
    from datetime import UTC, datetime, timedelta
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "letterbox")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    shown, own = folder / "letterbox.pem", folder / "letterbox.key"
    shown.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    own.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown, own)
    return shown, context
