"""What the model refuses, in sentences: the setting, where it stands, the value, and what would do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bridge.config.keys import SECRET_KEYS, is_list, is_table, part_of, settings_keys, valid_values
from bridge.config.layers import Origin, noun
from bridge.config.model import Settings
from bridge.config.secret import mask_url
from bridge.config.toml import to_toml
from bridge.config.values import closest, quoted

_VERBS = ("is ", "needs ", "holds ")
Location = tuple[int | str, ...]


def sentences(error: ValidationError, origins: Mapping[str, Origin], given: Mapping[str, Any]) -> list[str]:
    """Say everything the model refused, one sentence each; `given` holds the refused values by dotted key."""
    return [_sentence(detail, origins, given) for detail in error.errors(include_url=False)]


def _sentence(detail: ErrorDetails, origins: Mapping[str, Origin], given: Mapping[str, Any]) -> str:
    location = detail["loc"]
    key = _key_of(location)
    if key is None:
        return _clause(detail, None)
    origin = origins[key]
    rest = location[key.count(".") + 1 :]
    field, is_element = _field_at(location)
    is_element = is_element or (field is not None and is_table(field) and bool(rest))
    subject = _subject(key, rest, given[key])
    if detail["type"] == "extra_forbidden":
        return f"{subject} in {origin.where}: unknown setting{_mean(location)}"
    clause = _clause(detail, field, is_element=is_element, hide=key in SECRET_KEYS)
    joint = "" if clause.startswith(_VERBS) else ":"
    return f"{subject} in {origin.where}{joint} {clause}"


def _key_of(location: Location) -> str | None:
    """Give the setting an error is about; nothing when it is about several."""
    names = {key.name for key in settings_keys()}
    for length in range(len(location), 0, -1):
        name = ".".join(str(part) for part in location[:length])
        if name in names:
            return name
    return None


def _subject(key: str, rest: Location, value: Any) -> str:
    """Name a setting, a key inside one that is a table, or one inside the n-th `[[rule]]` or `[[source]]`."""
    if key not in {"rule", "source"} or not rest:
        steps = [step if step.isprintable() else quoted(step) for step in rest[:1] if isinstance(step, str)]
        return f"`{'.'.join([key, *steps])}`"
    number = int(rest[0])
    item = value[number] if isinstance(value, list | tuple) else None
    name = item.get("name") if isinstance(item, Mapping) else None
    called = f" {quoted(name)}" if isinstance(name, str) and name else ""
    inner = ".".join(part for part in rest[1:] if isinstance(part, str))
    return f"`{inner}` of [[{key}]] {number + 1}{called}" if inner else f"[[{key}]] {number + 1}"


def _field_at(location: Location) -> tuple[FieldInfo | None, bool]:
    """Walk the model to the field of an error; say too whether the error is about one element of its list."""
    part: type[BaseModel] | None = Settings
    field: FieldInfo | None = None
    for step in location:
        if isinstance(step, str) and part is not None:
            field = next((f for name, f in part.model_fields.items() if step in {name, f.alias}), None)
            part = part_of(field.annotation) if field else None
    return field, bool(location) and isinstance(location[-1], int)


def _mean(location: Location) -> str:
    """Name the nearest key beside an unknown one."""
    wrong = str(location[-1])
    field, _ = _field_at(location[:-1])
    part = part_of(field.annotation) if field else None
    known = list(part.model_fields) if part else []
    hint = closest(wrong, known)
    return f"; did you mean `{hint}`?" if hint else f"; known here: {', '.join(known)}"


def _clause(
    detail: ErrorDetails, field: FieldInfo | None, *, is_element: bool = False, hide: bool = False
) -> str:
    kind = detail["type"]
    value = detail["input"]
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind == "missing" or field is None:
        return "is missing; every one needs it"
    valid = valid_values(field, one=is_element)
    is_shape = valid.startswith("a table") or (is_list(field) and not is_element)
    if hide or is_shape or not isinstance(value, str | int | float):
        return f"is {noun(value)}, but must be {valid}"
    return f"{_shown(value)} is not {valid}{_similar(kind, value, detail)}"


def _shown(value: str | float) -> str:
    return quoted(mask_url(value)) if isinstance(value, str) else to_toml(value)


def _similar(kind: str, value: object, detail: ErrorDetails) -> str:
    if kind != "literal_error" or not isinstance(value, str):
        return ""
    expected = str(detail.get("ctx", {}).get("expected", "")).replace(" or ", ", ").split(", ")
    hint = closest(value.lower(), [word.strip("'") for word in expected])
    return f"; did you mean {quoted(hint)}?" if hint else ""
