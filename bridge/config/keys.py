"""All settings by dotted name, read off the model: help, default, unit and valid values of each."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bridge.config.model import Rule, Settings, Source
from bridge.config.part import Part
from bridge.config.toml import to_toml
from bridge.config.values import closest, duration_text

if TYPE_CHECKING:
    from bridge.config.layers import Origin

SECRET_FORMS = ("file", "command")
SECRET_KEYS = frozenset(
    {
        "access.oidc.client_secret",
        "database.url",
        "digest.slack_url",
        "digest.smtp.password",
        "topics.encoder_api_key",
        "topics.labeller_api_key",
        "jira.token",
        "jira.webhook_secret",
    }
)
SECRET_URLS = frozenset({"digest.slack_url"})
"""Addresses that are a secret as a whole, though their names don't tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One setting, as the documentation and the commented file show it."""

    name: str
    help: str
    default: str
    """The default as TOML, or in words when it is worked out at the start; empty when there is none."""
    example: str
    """A value as TOML."""
    unit: str
    valid: str
    is_computed: bool


@cache
def settings_keys() -> tuple[Key, ...]:
    """List every setting in the order of the model; `rule` and `source` are one setting each."""
    return tuple(_keys(Settings, ""))


@cache
def item_keys(table: Literal["rule", "source"]) -> tuple[Key, ...]:
    """List the keys inside one `[[rule]]` or `[[source]]`."""
    return tuple(_keys(Rule if table == "rule" else Source, ""))


@cache
def tables() -> Mapping[str, str]:
    """Give the dotted name of every table with its help."""
    return dict(_tables(Settings, ""))


def shown_values(settings: Settings) -> dict[str, Any]:
    """Give every setting by dotted name as plain data, fit to be shown: secrets are masked."""
    nested = settings.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {key.name: _at(nested, key.name) for key in settings_keys()}


def setting_rows(settings: Settings, origins: Mapping[str, Origin] | None) -> list[dict[str, Any]]:
    """List every setting with its value, fit to be shown, and where it came from if `origins` tell."""
    return [
        {"key": key, "value": value, **({} if origins is None else _came_from(origins[key]))}
        for key, value in shown_values(settings).items()
    ]


def _came_from(origin: Origin) -> dict[str, str]:
    return {"origin": origin.kind, "where": origin.where}


def nearest(name: str) -> str | None:
    """Give the known setting or table that is most like an unknown dotted name, or nothing."""
    known = [*(key.name for key in settings_keys()), *tables()]
    leaf = name.rpartition(".")[2]
    same_leaf = [key for key in known if key.rpartition(".")[2] == leaf]
    return closest(name, known, 0.75) or (same_leaf[0] if same_leaf else closest(name, known))


def part_of(annotation: Any) -> type[Part] | None:
    """Give the table a field holds, alone or in a list, or nothing for a plain value."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, Part):
            return candidate
    return None


def valid_values(field: FieldInfo, *, one: bool = False) -> str:
    """Say which values a field takes; with `one`, which values one element of its list or table takes."""
    if is_table(field):
        element = _described(get_args(field.annotation)[1], field)
        return element if one else f"a table, each {element}"
    if is_list(field):
        element = _described(get_args(field.annotation)[0], field)
        return element if one else f"a list, each {element}"
    return _described(field.annotation, field)


def is_list(field: FieldInfo) -> bool:
    """Say whether a field holds a list."""
    return get_origin(field.annotation) is tuple


def is_table(field: FieldInfo) -> bool:
    """Say whether a field holds a table whose keys the user names."""
    return get_origin(field.annotation) is Mapping


def _at(nested: Mapping[str, Any], name: str) -> Any:
    """Give a value by its dotted name; what is not set shows as an empty text."""
    value: Any = nested
    for step in name.split("."):
        value = value.get(step, "")
    return value


def _keys(part: type[Part], prefix: str) -> Iterator[Key]:
    for attribute, field in part.model_fields.items():
        name = prefix + (field.alias or attribute)
        inner = part_of(field.annotation)
        if inner is None or is_list(field):
            yield _key(name, field)
        else:
            yield from _keys(inner, f"{name}.")


def _tables(part: type[Part], prefix: str) -> Iterator[tuple[str, str]]:
    for attribute, field in part.model_fields.items():
        name = prefix + (field.alias or attribute)
        inner = part_of(field.annotation)
        if inner is not None and not is_list(field):
            yield name, field.description or ""
            yield from _tables(inner, f"{name}.")


def _key(name: str, field: FieldInfo) -> Key:
    extra = field.json_schema_extra
    meta = extra if isinstance(extra, dict) else {}
    words = str(meta.get("default", ""))
    default = words or _default(field)
    return Key(
        name=name,
        help=field.description or "",
        default=default,
        example=str(meta.get("example", "")) or default,
        unit=str(meta.get("unit", "")),
        valid=valid_values(field),
        is_computed=bool(words),
    )


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined or field.default is None:
        return ""
    return to_toml(duration_text(field.default) if isinstance(field.default, timedelta) else field.default)


def _described(annotation: Any, field: FieldInfo) -> str:
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(to_toml(value) for value in get_args(annotation))
    if get_origin(annotation) in {Union, types.UnionType}:
        return _described(get_args(annotation)[0], field)
    if annotation in {int, float}:
        return _number("a whole number" if annotation is int else "a number", field)
    if part_of(annotation):
        return "a table"
    names: dict[Any, str] = {bool: "true or false", timedelta: "a duration", Path: "a path"}
    return names.get(annotation, "a text")


def _number(noun: str, field: FieldInfo) -> str:
    low = next((bound.ge for bound in field.metadata if isinstance(bound, Ge)), None)
    high = next((bound.le for bound in field.metadata if isinstance(bound, Le)), None)
    if high is not None:
        return f"{noun} from {low} to {high}"
    return noun if low is None else f"{noun}, {low} or more"
