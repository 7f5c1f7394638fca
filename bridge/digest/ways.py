"""The ways out of a digest: e-mail, Slack, a file in a folder.

Each either says that it went, raises `SendError` when it is certain that nothing did, or raises `InDoubt`.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from bridge.config.digest import Way
from bridge.config.secret import Secret
from bridge.digest.render import Letter
from bridge.errors import InDoubt, SendError, SettingsError
from bridge.privacy import outward
from bridge.render.characters import cut, one_line

if TYPE_CHECKING:
    from bridge.config.digest import Digest as DigestSettings

TIMEOUT_S = 30.0
_FINE = range(200, 300)  # Slack says 200; what speaks like it may say 202 or 204, and has taken it too
_FAULT = 500  # of theirs: it may have taken the message nevertheless
_LONGEST = 120  # characters of what a server says
_SETTINGS = {
    "email": "digest.to and digest.smtp.host",
    "slack": "digest.slack_url",
    "folder": "digest.folder",
}


@dataclass(frozen=True, slots=True)
class Parcel:
    """A digest to be sent: what it says, when it was due, and when it is sent."""

    letter: Letter
    due: datetime
    at: datetime


class WayOut(Protocol):
    """A way out. `repeatable`: the same digest sent again is there once all the same."""

    @property
    def name(self) -> Way:
        """Its name in the settings and on the command line."""
        ...

    @property
    def recipients(self) -> tuple[str, ...]:
        """Whom or what it goes to, fit to be shown."""
        ...

    @property
    def repeatable(self) -> bool:
        """Whether sending again what may have been sent does no harm."""
        ...

    def send(self, parcel: Parcel) -> str:
        """Send it; return what is to be said of it, "" for nothing. Raises `SendError`, `InDoubt`."""
        ...


def ways_out(settings: DigestSettings) -> list[WayOut]:
    """Return the ways out that are set, in the order of the settings."""
    return [_make(settings, name) for name in settings.ways()]


def way_out(settings: DigestSettings, name: Way) -> WayOut:
    """Return one way out; raises `SettingsError` if it isn't set."""
    if name not in settings.ways():
        raise SettingsError(f"there is no way out by {name}: set {_SETTINGS[name]} in bridge.toml")
    return _make(settings, name)


def _make(settings: DigestSettings, name: Way) -> WayOut:
    from bridge.digest.mail import Mail

    if name == "email":
        return Mail(settings)
    return Slack(settings.slack_url) if name == "slack" else Folder(settings.folder or Path())


@dataclass(frozen=True, slots=True)
class Slack:
    """An incoming webhook of Slack, or of what speaks like it."""

    url: Secret
    name: Way = "slack"
    repeatable: bool = False

    @property
    def recipients(self) -> tuple[str, ...]:
        """Its host: the rest of the address is a secret."""
        return (urlsplit(self.url.reveal()).hostname or "",)

    def send(self, parcel: Parcel) -> str:
        """Post the message."""
        import httpx

        host = self.recipients[0]
        try:
            answer = httpx.post(
                self.url.reveal(), json=parcel.letter.slack, timeout=TIMEOUT_S, follow_redirects=False
            )
        except (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.UnsupportedProtocol,
            httpx.ProxyError,
            httpx.InvalidURL,
            UnicodeError,  # no name of a host, as the one before
        ) as error:
            raise SendError(f"{host} can't be reached ({type(error).__name__}); nothing was sent") from None
        except httpx.HTTPError as error:
            raise InDoubt(
                f"{host} gave no answer ({type(error).__name__}): the digest may be there or not, and is not "
                "sent again"
            ) from None
        if answer.status_code >= _FAULT:
            raise InDoubt(
                f"{host} answered {answer.status_code}: the digest may be there or not, and is not sent again"
            )
        if answer.status_code not in _FINE:
            words = told(answer.text)
            raise SendError(f"{host} refused it: {answer.status_code} {words}; see digest.slack_url")
        return ""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that gets a Markdown file for each digest, named by when it was due."""

    path: Path
    name: Way = "folder"
    repeatable: bool = True

    @property
    def recipients(self) -> tuple[str, ...]:
        """The folder."""
        return (str(self.path),)

    def send(self, parcel: Parcel) -> str:
        """Write the file, whole or not at all; return its name."""
        file = self.path / f"digest-{parcel.due.astimezone(UTC):%Y%m%dT%H%M%SZ}.md"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".digest.", dir=self.path) as beside:
                made = Path(beside) / file.name
                with made.open("w", encoding="utf-8") as out:
                    out.write(parcel.letter.md)
                    out.flush()
                    os.fsync(out.fileno())
                made.replace(file)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise SendError(f"{self.path} can't be written ({reason}); see digest.folder") from None
        return file.name


def told(answer: str | bytes) -> str:
    """Return what a server said, on one line, short and masked."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return cut(outward(one_line(text)), _LONGEST)
