"""The places settings come from, each read into flat dotted keys; what is unknown there is named."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bridge.config.keys import SECRET_FORMS, SECRET_KEYS, nearest, settings_keys, tables
from bridge.config.values import quoted
from bridge.errors import SettingsError

ENV_PREFIX = "FEEDBACK_BRIDGE_"
_ALL = "`feedback-bridge init` writes a file with every one"
NOT_SETTINGS = frozenset({"FEEDBACK_BRIDGE_TRACEBACK"})
COMMON_ENV = {"DATABASE_URL": "database.url", "PORT": "server.port"}
FileKind = Literal["file", "user file"]
OriginKind = FileKind | Literal["flag", "env", "default"]
_AT = re.compile(r" \((?:at line (\d+), column (\d+)|at end of document)\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a value came from."""

    kind: OriginKind
    where: str
    """The file, the variable or the flag, as a message names it; empty for a default."""
    folder: Path
    """Relative paths in the value begin here: the settings file's folder, else the current one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One value as it was given, before it is checked."""

    value: Any
    origin: Origin
    form: str = ""
    """`file` or `command` when the value only names where a secret is."""


@dataclass(frozen=True, slots=True)
class Layer:
    """The values of one place by dotted key, and what is wrong with the place itself."""

    values: dict[str, Given] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def file_layer(path: Path, kind: FileKind, cwd: Path) -> Layer:
    """Read a TOML file; raise `SettingsError` when it can't be read at all."""
    shown = _shown(path, cwd)
    layer = Layer()
    origin = Origin(kind=kind, where=shown, folder=path.parent)
    for name, value in _leaves(_toml(path, shown), "", layer, shown):
        _add(layer, name, value, origin)
    return layer


def env_layer(env: Mapping[str, str], cwd: Path) -> Layer:
    """Read the variables whose names begin with ``FEEDBACK_BRIDGE_``; an empty one counts as not set."""
    layer = Layer()
    ours = [name for name in env if name.startswith(ENV_PREFIX) and name not in NOT_SETTINGS and env[name]]
    for variable in sorted(ours, key=lambda name: (name.count("__"), name)):
        _read_variable(layer, variable, env[variable], cwd)
    return layer


def common_env_layer(env: Mapping[str, str], cwd: Path) -> Layer:
    """Read the variables that hosting services set for every program: ``DATABASE_URL`` and ``PORT``."""
    layer = Layer()
    for variable, key in COMMON_ENV.items():
        if env.get(variable):
            origin = Origin(kind="env", where=variable, folder=cwd)
            _add(layer, key, _from_text(key, env[variable]), origin)
    return layer


def flag_layer(flags: Mapping[str, object], cwd: Path) -> Layer:
    """Take what the command line gave by dotted key; ``None`` counts as not given."""
    layer = Layer()
    origin = Origin(kind="flag", where="the command line", folder=cwd)
    for name, value in flags.items():
        if value is None:
            continue
        if _form(name) is None:
            layer.faults.append(_unknown(name, origin.where))
        else:
            _add(layer, name, _from_text(name, value) if isinstance(value, str) else value, origin)
    return layer


def variable_of(key: str) -> str:
    """Give the environment variable of a setting.

    >>> variable_of("database.url")
    'FEEDBACK_BRIDGE_DATABASE__URL'
    """
    return ENV_PREFIX + key.upper().replace(".", "__")


def _read_variable(layer: Layer, variable: str, text: str, cwd: Path) -> None:
    origin = Origin(kind="env", where=variable, folder=cwd)
    name = variable.removeprefix(ENV_PREFIX).lower().replace("__", ".")
    if not text.isprintable() and not _is_utf8(text):
        layer.faults.append(f"{variable} in the environment is not UTF-8 text")
    elif name in tables():
        for leaf, value in _leaves({name: _parsed(text)}, "", layer, variable, dotted=True):
            _add(layer, leaf, value, origin)
    elif _form(name) is not None:
        _add(layer, name, _from_text(name, text), origin)
    else:
        hint = nearest(name)
        mean = f"did you mean `{variable_of(hint)}`?" if hint else _ALL
        layer.faults.append(f"`{variable}` in the environment: unknown setting; {mean}")


def _add(layer: Layer, name: str, value: Any, origin: Origin) -> None:
    form = _form(name) or ""
    key = name.removesuffix(f"_{form}") if form else name
    before = layer.values.get(key)
    if before is not None and before.form != form:
        layer.faults.append(
            f"`{key}` in {origin.where} is given as `{_spelt(key, before.form)}` and as `{name}`; keep one"
        )
        return
    layer.values[key] = Given(value=value, origin=origin, form=form)


def _spelt(key: str, form: str) -> str:
    return f"{key}_{form}" if form else key


def _form(name: str) -> str | None:
    """Give the form in which a name gives a setting: ``""``, `file` or `command`; nothing if unknown."""
    if any(key.name == name for key in settings_keys()):
        return ""
    stem, _, form = name.rpartition("_")
    return form if form in SECRET_FORMS and stem in SECRET_KEYS else None


def _leaves(
    table: Mapping[str, Any], prefix: str, layer: Layer, where: str, *, dotted: bool = False
) -> Iterator[tuple[str, Any]]:
    """Walk a table down to the settings in it; note what is unknown or no table."""
    for key, value in table.items():
        name = prefix + key
        if "." in key and not dotted:
            layer.faults.append(_unknown(f"{prefix}{quoted(key)}", where))
        elif name in tables():
            if isinstance(value, Mapping):
                yield from _leaves(value, f"{name}.", layer, where)
            else:
                layer.faults.append(
                    f"`{name}` in {where} is a table of settings, not {noun(value)}: write [{name}]"
                )
        elif _form(name) is not None:
            yield name, value
        else:
            layer.faults.append(_unknown(name, where))


def _unknown(name: str, where: str) -> str:
    hint = nearest(name)
    mean = f"did you mean `{hint}`?" if hint else _ALL
    shown = name if name.isprintable() else quoted(name)
    return f"`{shown}` in {where}: unknown setting; {mean}"


def noun(value: object) -> str:
    """Name the sort of a value without showing it."""
    names: dict[type, str] = {bool: "true or false", str: "a text", list: "a list", dict: "a table"}
    names |= {int: "a number", float: "a number", tuple: "a list"}
    return names.get(type(value), "a date or time" if value is not None else "nothing")


def _from_text(name: str, text: Any) -> Any:
    """Read a text for a setting: as it is where a text is expected, else as a TOML or JSON value."""
    valid = next((key.valid for key in settings_keys() if key.name == name), "a text")
    is_text = not valid.startswith(("a list", "a table", "a whole number", "a number", "true or false"))
    return text if is_text or not isinstance(text, str) else _parsed(text)


def _parsed(text: str) -> Any:
    """Read a TOML or JSON value; what is neither stays a text, to be refused where it is checked."""
    try:
        table = tomllib.loads(f"value = {text.strip()}")
        if len(table) == 1:
            return table["value"]
    except (ValueError, RecursionError):
        pass
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _toml(path: Path, shown: str) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text.replace("\r\n", "\n"))
    except OSError as error:
        raise SettingsError(
            f"{shown} can't be read: {(error.strerror or 'unknown reason').lower()}"
        ) from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{shown} is not UTF-8 text (byte {error.start + 1}); save it as UTF-8") from None
    except RecursionError:
        raise SettingsError(f"{shown} is nested too deeply") from None
    except ValueError as error:
        raise SettingsError(_syntax(shown, error)) from None


def _syntax(shown: str, error: ValueError) -> str:
    """Say where a file stops being TOML; the line itself is not shown, it may hold a secret."""
    message = str(error)
    match = _AT.search(message)
    place = (
        ", at its end" if match and not match[1] else f", line {match[1]}, column {match[2]}" if match else ""
    )
    return f"{shown}{place}: not TOML: {_AT.sub('', message)}; texts stand in quotes, lists in [ ]"


def _shown(path: Path, cwd: Path) -> str:
    return str(path.relative_to(cwd)) if path.is_relative_to(cwd) else str(path)
