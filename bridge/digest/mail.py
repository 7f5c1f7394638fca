"""A digest by e-mail, with text and HTML: one message to all its recipients."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from bridge.digest.ways import TIMEOUT_S, Parcel, told
from bridge.errors import InDoubt, SendError

if TYPE_CHECKING:
    from bridge.config.digest import Digest as DigestSettings
    from bridge.config.digest import Way

_POLICY: Final = SMTP.clone(cte_type="7bit")
_TAKEN: Final = (250, 251)


class Mail:
    """The way out by a mail server. Certificates are checked; plain connections are for this machine."""

    name: Way = "email"
    repeatable = False

    def __init__(self, settings: DigestSettings) -> None:
        self._smtp = settings.smtp
        self._sender = settings.sender or settings.to[0]
        self._to = settings.to

    @property
    def recipients(self) -> tuple[str, ...]:
        """The addresses."""
        return self._to

    def send(self, parcel: Parcel) -> str:
        """Hand the message to the server; return which recipients it refused, "" for none."""
        content = self.message(parcel).as_bytes(policy=_POLICY)
        with self._connected() as server:
            refused = self._envelope(server)
            self._hand_over(server, content)
        return f"refused: {'; '.join(refused)}" if refused else ""

    def message(self, parcel: Parcel) -> EmailMessage:
        """Write the message; its id is the same for the same digest."""
        message = EmailMessage(policy=_POLICY)
        message["Subject"] = parcel.letter.subject
        message["From"] = self._sender
        message["To"] = ", ".join(self._to)
        message["Date"] = format_datetime(parcel.at)
        name = hashlib.sha256(f"{parcel.due.isoformat()} {self._to}".encode()).hexdigest()[:24]
        message["Message-ID"] = f"<digest.{name}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(parcel.letter.text)
        message.add_alternative(parcel.letter.html, subtype="html")
        return message

    @property
    def _domain(self) -> str:
        return self._sender.rpartition("@")[2]

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """Connect, encrypt and log in; until then nothing was sent."""
        server = self._open()
        try:
            self._greet(server)
            yield server
        finally:
            try:
                server.quit()
            except (OSError, smtplib.SMTPException):
                server.close()

    @property
    def _place(self) -> str:
        return f"{self._smtp.host}:{self._smtp.at_port}"

    def _open(self) -> smtplib.SMTP:
        host, port = self._smtp.host, self._smtp.at_port
        try:
            if self._smtp.security == "tls":
                context = ssl.create_default_context()
                return smtplib.SMTP_SSL(host, port, self._domain, timeout=TIMEOUT_S, context=context)
            return smtplib.SMTP(host, port, self._domain, timeout=TIMEOUT_S)
        except (OSError, smtplib.SMTPException, UnicodeError) as error:  # the last: no name of a host
            raise SendError(f"{self._place} can't be reached ({_words(error)}); nothing was sent") from None

    def _greet(self, server: smtplib.SMTP) -> None:
        try:
            if self._smtp.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            server.ehlo_or_helo_if_needed()
            if self._smtp.user:
                server.login(self._smtp.user, self._smtp.password.reveal())
        except (OSError, smtplib.SMTPException) as error:
            raise SendError(f"{self._place} refused us ({_words(error)}); nothing was sent") from None

    def _envelope(self, server: smtplib.SMTP) -> list[str]:
        """Name sender and recipients; return those it refused, raise if it took none."""
        try:
            code, words = server.mail(self._sender)
            if code != _TAKEN[0]:
                raise SendError(f"{self._place} refused the sender {self._sender}: {code} {told(words)}")
            answers = {name: server.rcpt(name) for name in self._to}
        except (OSError, smtplib.SMTPException) as error:
            raise SendError(f"{self._place} went away ({_words(error)}); nothing was sent") from None
        refused = [
            f"{name} ({code} {told(words)})" for name, (code, words) in answers.items() if code not in _TAKEN
        ]
        if len(refused) == len(self._to):
            raise SendError(f"{self._place} refused every recipient: {'; '.join(refused)}")
        return refused

    def _hand_over(self, server: smtplib.SMTP, content: bytes) -> None:
        """Send the message itself; once its end is out, only the answer tells whether it was taken."""
        try:
            code, words = server.data(content)
        except smtplib.SMTPDataError as error:
            raise SendError(f"{self._place} refused the message ({_words(error)})") from None
        except (OSError, smtplib.SMTPException) as error:
            raise InDoubt(
                f"{self._place} gave no answer to the message ({_words(error)}): the digest may be there or "
                "not, and is not sent again"
            ) from None
        if code != _TAKEN[0]:
            raise SendError(f"{self._place} refused the message: {code} {told(words)}")


def _words(error: Exception) -> str:
    """Say what went wrong without anything that we sent."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {told(error.smtp_error)}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate: {error.verify_message}"
    reason = error.strerror if isinstance(error, OSError) else None
    return reason or type(error).__name__
