"""The site's state as a JSON file, so that a process can go on where another stopped."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from jira_twin import records
from jira_twin.state import Site

KIND = "~"
CLASSES: dict[str, Any] = {
    name: value for name, value in vars(records).items() if dataclasses.is_dataclass(value)
}
KEPT = (
    "cloud_id",
    "users",
    "projects",
    "project_keys",
    "issues",
    "keys",
    "journal",
    "resolutions",
    "_numbers",
    "bot",
)


def packed(value: Any) -> Any:
    """Return a value as JSON, with the names of its classes."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        own = {one.name: packed(getattr(value, one.name)) for one in dataclasses.fields(value)}
        return {KIND: type(value).__name__, "own": own}
    if isinstance(value, datetime):
        return {KIND: "time", "own": value.isoformat()}
    if isinstance(value, set | tuple):
        return {
            KIND: type(value).__name__,
            "own": [packed(one) for one in (sorted(value) if isinstance(value, set) else value)],
        }
    if isinstance(value, dict):
        return {KIND: "dict", "own": [[key, packed(one)] for key, one in value.items()]}
    return [packed(one) for one in value] if isinstance(value, list) else value


def unpacked(value: Any) -> Any:
    """Return what was packed."""
    if isinstance(value, list):
        return [unpacked(one) for one in value]
    if not isinstance(value, dict):
        return value
    kind, own = value[KIND], value["own"]
    if kind == "dict":
        return {key: unpacked(one) for key, one in own}
    if kind in CLASSES:
        return CLASSES[kind](**{name: unpacked(one) for name, one in own.items()})
    made: dict[str, Callable[[Any], Any]] = {"time": datetime.fromisoformat, "set": set, "tuple": tuple}
    return made[kind](unpacked(own))


def save(site: Site, path: Path) -> None:
    """Write the state, whole or not at all."""
    with site.lock:
        text = json.dumps(
            {name: packed(getattr(site, name)) for name in KEPT} | {"offset": site.clock.offset}
        )
    draft = path.with_suffix(".part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def load(site: Site, path: Path) -> None:
    """Read the state; searches see everything at once."""
    read = json.loads(path.read_text(encoding="utf-8"))
    with site.lock:
        site.clock.offset = read.pop("offset")
        for name, value in read.items():
            setattr(site, name, unpacked(value))
        for issue in site.issues.values():
            site.index.show(issue)
