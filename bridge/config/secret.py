"""Secrets: values that don't print, the names that give them away, and the ways to hand one over."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from pathlib import Path

COMMAND_LIMIT_S = 10.0
MAX_BYTES = 65_536
_NAME = re.compile(
    r"(^|[_-])(tokens?|secrets?|passwords?|passwd|pwd|passphrase|credentials?|authorization|cookie"
    r"|(api|access|private|secret|signing|client)[_-]?key)$",
    re.IGNORECASE,
)
_USERINFO = re.compile(r"^([a-z][a-z0-9+.-]*://)(.*)@", re.IGNORECASE | re.DOTALL)
_QUERY = re.compile(r"([?&][^=&]*(?:password|passwd|pwd|token|secret|api_?key)[^=&]*=)[^&]*", re.IGNORECASE)


class Secret:
    """A value that shows only whether it is set; `reveal` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the value itself; for the one place that needs it, never for output."""
        return self._value

    def __str__(self) -> str:
        return "set" if self._value else "not set"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._value == self._value

    def __hash__(self) -> int:
        return hash((type(self), self._value))


class SecretUrl(Secret):
    """An address that shows itself without its password."""

    __slots__ = ()

    def __str__(self) -> str:
        return mask_url(self._value)

    @property
    def has_password(self) -> bool:
        """Whether the address holds something that must not be shown."""
        return mask_url(self._value) != self._value


def looks_secret(name: str) -> bool:
    """Say whether a key of this name holds a secret, such as ``api_token`` or ``password``.

    >>> looks_secret("api_token"), looks_secret("token_limit")
    (True, False)
    """
    return bool(_NAME.search(name))


def mask_url(text: str) -> str:
    """Hide the password of an address, and a user name that stands alone before the host of a web address.

    >>> mask_url("postgresql://ann:pw@db/feedback?sslpassword=x")
    'postgresql://ann:***@db/feedback?sslpassword=***'
    """
    return _QUERY.sub(r"\1***", _USERINFO.sub(_mask_userinfo, text))


def _mask_userinfo(match: re.Match[str]) -> str:
    scheme, userinfo = match.groups()
    user, colon, _ = userinfo.partition(":")
    if colon:
        return f"{scheme}{user}:***@"
    return f"{scheme}***@" if scheme.lower().startswith("http") else match.group()


def read_file(path: Path) -> str:
    """Read a secret from a file, without its closing line break.

    Raises ``ValueError`` with a clause that says why it can't be used and never what it holds.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} can't be read ({_reason(error)})") from None
    return _decoded(raw, str(path))


def read_command(line: str, folder: Path, limit_s: float = COMMAND_LIMIT_S) -> str:
    """Run a command, without a shell, in a folder, and take its first output as the secret.

    Raises ``ValueError`` with a clause that names the program only: arguments and output may hold a secret.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise ValueError(f"the command can't be split into words ({error})") from None
    if not words:
        raise ValueError("the command is empty")
    return _decoded(_output(words, folder, limit_s), f"the output of {words[0]!r}")


def _output(words: list[str], folder: Path, limit_s: float) -> bytes:
    program = words[0]
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own settings name it, and no shell reads it
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise ValueError(f"{program!r} can't be started ({_reason(error)})") from None
    with process:
        try:
            output, _ = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            raise ValueError(f"{program!r} gave no answer within {limit_s:g} s") from None
        finally:
            _end(process)
    if process.returncode:
        raise ValueError(f"{program!r} failed with code {process.returncode}; run it by hand to see why")
    return output


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what still runs, with the children it started."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)


def _decoded(raw: bytes, name: str) -> str:
    if len(raw) > MAX_BYTES:
        raise ValueError(f"{name} is longer than {MAX_BYTES} bytes, which is no secret")
    try:
        text = raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"{name} is not UTF-8 text") from None
    if not text.strip():
        raise ValueError(f"{name} is empty")
    if "\0" in text:
        raise ValueError(f"{name} holds a NUL byte")
    return text


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror or type(error).__name__).lower() if isinstance(error, OSError) else str(error)
