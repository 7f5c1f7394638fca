"""A file of items whose labels are known, to measure topics with."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

from bridge.errors import InputError
from connectors import Message, Rejected, Upsert
from connectors.errors import BadSettings

NO = frozenset({"", "0", "false", "no", "n", "f"})
"""Cells of `--drop-col` that keep a row."""


@dataclasses.dataclass(frozen=True, slots=True)
class Labelled:
    """The items of a labelled file, in its order; rows without a text are left out.

    `labels` lacks the items that are not scored. `places` holds each message's row in the file, from 0.
    """

    messages: tuple[Message, ...]
    labels: Mapping[str, str]
    places: tuple[int, ...]
    rows: int  # of the file

    def label_of(self, message: Message) -> str | None:
        """Return the label of a message, None if it is not scored."""
        return self.labels.get(message.external_id)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns hold what, and which rows are not scored."""

    text: str
    label: str
    id: str | None = None
    drop: frozenset[str] = frozenset()  # labels
    drop_column: str | None = None


def read_labelled(path: Path, columns: Columns) -> Labelled:
    """Read a labelled file.

    Raises `InputError` for a column that isn't there, an empty label, an id that comes twice, and fewer than
    two labels.
    """
    messages, places, found, dropped = [], [], {}, set()
    rows = list(_rows(path, columns))
    for place, message in enumerate(rows):
        if message is None:
            continue
        name = message.external_id if columns.id else str(place + 1)
        label = message.thread or ""
        if name in found:
            raise InputError(f"--id: {name!r} comes twice; without --id, items are named by their rows")
        is_out = bool(columns.drop_column) and (message.parent or "").casefold() not in NO
        if is_out or label in columns.drop:
            dropped.add(name)
        elif not label:
            raise InputError(
                f"--label: {columns.label!r} is empty in row {place + 1}; give it a label, or leave such "
                "rows out of the scores with --drop ''"
            )
        found[name] = label
        messages.append(dataclasses.replace(message, external_id=name, thread=None, parent=None, author=None))
        places.append(place)
    unknown = sorted(columns.drop - {"", *found.values()})
    if unknown:
        raise InputError(f"--drop: no row of {columns.label!r} has the label {unknown[0]!r}")
    labels = {name: label for name, label in found.items() if name not in dropped}
    _check_labels(columns.label, set(labels.values()))
    return Labelled(tuple(messages), labels, tuple(places), len(rows))


def _check_labels(column: str, names: set[str]) -> None:
    least = 2
    if len(names) < least:
        only = f"one label only, {next(iter(names))!r}" if names else "no label"
        raise InputError(f"--label: {column!r} has {only}; topics are measured against at least {least}")


def _rows(path: Path, columns: Columns) -> Iterator[Message | None]:
    """Yield each row's message, None for a row that is none.

    The label comes as the message's thread, the column to drop by as its parent: a source has no key of its
    own for them.
    """
    from bridge.app import build_source, now

    asked = {"text": columns.text, "id": columns.id, "thread": columns.label, "parent": columns.drop_column}
    wanted = {key: column for key, column in asked.items() if column}
    try:
        for event in build_source("files", {"path": str(path.absolute()), "columns": wanted}, now()).pull(
            None
        ):
            if isinstance(event, Upsert):
                yield event.message
            elif isinstance(event, Rejected):
                yield None
    except BadSettings as error:
        said = str(error)
        for key, flag in (("thread", "label"), ("parent", "drop-col"), ("text", "text"), ("id", "id")):
            said = said.replace(f"{key} is mapped to", f"--{flag} names")
        raise InputError(said) from error
