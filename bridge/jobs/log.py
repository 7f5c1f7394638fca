"""The daemon's log on stderr: JSON Lines for a collector, plain lines on a terminal.

It tells names, counts, seconds and the messages of foreseen faults; of an unforeseen one only its kind and
place, because its message may hold what a customer said. Secrets of the settings are blotted out.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

from bridge.errors import BridgeError
from bridge.pipeline.faults import kind_and_place
from bridge.times import stamp

if TYPE_CHECKING:
    from bridge.jobs.jobs import Outcome

LONGEST = 300  # characters of a message
_SHORTEST_SECRET = 4


class Log:
    """Writes one line for each thing that happened; never raises, because a full disk must end no job."""

    def __init__(
        self, out: TextIO, now: Callable[[], datetime], *, as_json: bool, secrets: Iterable[str] = ()
    ) -> None:
        self._out = out
        self._now = now
        self._as_json = as_json
        self._secrets = sorted((s for s in secrets if len(s) >= _SHORTEST_SECRET), key=len, reverse=True)
        self._one = threading.Lock()

    def job(self, name: str, outcome: Outcome, *, due: datetime | None, seconds: float, state: str) -> None:
        """Tell that a job was done (`ok`, `partly`), failed or handed back."""
        told: dict[str, Any] = {"job": name, "outcome": state, "seconds": round(seconds, 3)}
        if due is not None:
            told["due"] = due.isoformat()
        if outcome.counts:
            told["counts"] = dict(outcome.counts)
        if outcome.error:
            told["error"] = self.clean(outcome.error)
        counts = ", ".join(f"{value} {key}" for key, value in outcome.counts.items() if value)
        words = f"{name}: {state}{f', {counts}' if counts else ''} ({seconds:.1f} s)"
        self._write("error" if outcome.error else "info", told, words + self._told_error(told))

    def note(self, event: str, words: str, *, level: str = "info") -> None:
        """Tell something else, such as that the clock was set."""
        said = self.clean(words)
        self._write(level, {"event": event, "message": said}, said)

    def words_of(self, error: BaseException) -> str:
        """Return what may be told and stored of a fault."""
        from connectors.errors import ConnectorError
        from topics.errors import TopicsError

        if isinstance(error, BridgeError | ConnectorError | TopicsError):
            return self.clean(str(error))
        return f"unexpected fault: {kind_and_place(error)}"

    def clean(self, text: str) -> str:
        """Return a text on one line, cut, and without the secrets of the settings."""
        for secret in self._secrets:
            text = text.replace(secret, "…")
        flat = " ".join(text.split())
        return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"

    @staticmethod
    def _told_error(told: Mapping[str, Any]) -> str:
        return f": {told['error']}" if "error" in told else ""

    def _write(self, level: str, told: Mapping[str, Any], words: str) -> None:
        at = self._now()
        line = f"{stamp(at)} {words}"
        if self._as_json:
            line = json.dumps({"at": at.isoformat(), "level": level, **told}, ensure_ascii=False)
        with self._one:
            try:
                self._out.write(line + "\n")
                self._out.flush()
            except (OSError, ValueError):
                return


class Lines(logging.Handler):
    """Takes what packages log, warnings and worse, into the daemon's log."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Tell a record; of a fault its kind and place, of words their pattern alone."""
        fault = record.exc_info[1] if record.exc_info else None
        words = kind_and_place(fault) if fault is not None else str(record.msg)
        self._log.note(record.name, words, level=record.levelname.lower())
