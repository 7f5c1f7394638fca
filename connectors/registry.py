"""Find connectors by name and build configured sources from settings.

A connector is announced by an entry point of the group "feedback_bridge.connectors". The channels that
come with the bridge are folders of this package with a `Source` class named like the folder; they are found
even when the distribution is not installed. Nothing is imported before it is asked for.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, cast

from connectors import API_VERSION, Info, Source
from connectors.errors import BadSettings
from connectors.nearest import did_you_mean

GROUP = "feedback_bridge.connectors"


@dataclass(frozen=True, slots=True)
class Available:
    """A connector that can be named in a source's settings."""

    name: str
    info: Info


def names() -> tuple[str, ...]:
    """Return the names of all connectors, sorted; imports none of them."""
    return tuple(sorted(_entries()))


def available() -> list[Available]:
    """Return name and description of every connector that can be loaded, sorted by name.

    One that cannot be loaded (its extra is missing, its API is too new) is left out; `connector_class`
    says why.
    """
    found = []
    for name in names():
        try:
            found.append(Available(name, connector_class(name).info))
        except BadSettings:
            continue
    return found


def connector_class(name: str) -> type[Source]:
    """Return the class of a connector, importing it.

    Raises `BadSettings` for an unknown name, a missing extra, or another API version.
    """
    entry = _entries().get(name)
    if entry is None:
        raise BadSettings(
            f"no connector is called {name!r}.{did_you_mean(name, names())} There are: {', '.join(names())}"
        )
    loaded = _load(entry)
    version = getattr(loaded, "api_version", API_VERSION)
    if version != API_VERSION:
        raise BadSettings(
            f"connector {name!r} is written for connector API {version}, this bridge has {API_VERSION};"
            f" install a version of {entry.value!r} made for API {API_VERSION}"
        )
    return cast("type[Source]", loaded)


def build(name: str, settings: Mapping[str, Any]) -> Source:
    """Return a configured source; raises `BadSettings` for unknown, missing or impossible settings."""
    cls = connector_class(name)
    fields = {field.name: field for field in dataclasses.fields(cast("Any", cls)) if field.init}
    for key in settings:
        if key not in fields:
            raise BadSettings(
                f"connector {name!r} has no setting {key!r}.{did_you_mean(key, fields)}"
                f" Its settings: {', '.join(fields)}"
            )
    missing = [key for key, field in fields.items() if _is_required(field) and key not in settings]
    if missing:
        raise BadSettings(f"connector {name!r} needs the setting {' and '.join(map(repr, missing))}")
    return cls(**settings)


def _is_required(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _entries() -> dict[str, EntryPoint]:
    """Built-in folders first, then what is installed: an installed package may replace a built-in."""
    here = Path(__file__).parent
    folders = sorted(p.parent.name for p in here.glob("[a-z]*/__init__.py"))
    found = {n: EntryPoint(n, f"connectors.{n}:{n.title().replace('_', '')}", GROUP) for n in folders}
    for entry in entry_points(group=GROUP):
        if _is_removed_builtin(entry, found):
            continue
        found[entry.name] = entry
    return found


def _is_removed_builtin(entry: EntryPoint, folders: Mapping[str, EntryPoint]) -> bool:
    """Say whether the folder is deleted: then the channel is, even where stale metadata announces it."""
    package, _, child = entry.module.partition(".")
    return package == "connectors" and child.partition(".")[0] not in folders


def _load(entry: EntryPoint) -> object:
    try:
        return getattr(importlib.import_module(entry.module), entry.attr)
    except ModuleNotFoundError as error:
        ours = entry.module.partition(".")[0] == "connectors"
        wanted = f'"feedback-bridge[{entry.name}]"' if ours else error.name
        raise BadSettings(
            f"connector {entry.name!r} needs the package {error.name!r}, which is not installed:"
            f" pip install {wanted}"
        ) from error
    except AttributeError as error:
        raise BadSettings(
            f"connector {entry.name!r} is announced as {entry.value!r}, but there is no such class;"
            " reinstall the package that brings it"
        ) from error
