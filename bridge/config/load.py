"""Loading the settings: every place in its order, secrets fetched, all faults told at once.

Nothing is read from the process here: environment, flags and folders are handed in.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bridge.config.faults import sentences
from bridge.config.fetch import fetch
from bridge.config.keys import settings_keys
from bridge.config.layers import (
    FileKind,
    Given,
    Origin,
    common_env_layer,
    env_layer,
    file_layer,
    flag_layer,
)
from bridge.config.model import Settings
from bridge.config.secret import SecretUrl
from bridge.config.together import contradictions, doubtful
from bridge.errors import SettingsError

FILE_NAME = "bridge.toml"
_SQLITE = "sqlite:///"
_FOLDERS = ("paths.data", "paths.cache", "jira.templates", "digest.folder")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The settings in force, where each came from, and what the user should know about them."""

    settings: Settings
    origins: Mapping[str, Origin]
    """By dotted key, one for every setting."""
    warnings: tuple[str, ...]
    files: tuple[Path, ...]
    """The files that were read, the stronger first."""


def load(
    *,
    flags: Mapping[str, object] | None = None,
    env: Mapping[str, str],
    file: Path | None,
    cwd: Path,
    user_dir: Path,
    data_dir: Path,
    cache_dir: Path,
) -> Loaded:
    """Load the settings: flag > environment > file > the user's file > default, key by key.

    `file` is the one named on the command line; without it ``bridge.toml`` in `cwd` is read when it is there.
    `user_dir`, `data_dir` and `cache_dir` are the user's folders for this program, taken as they are.
    Raises `SettingsError` with everything that is wrong.
    """
    files = _files(file, cwd, user_dir)
    layers = [flag_layer(flags or {}, cwd), env_layer(env, cwd), common_env_layer(env, cwd)]
    layers += [file_layer(path, kind, cwd) for path, kind in files.items()]
    merged = {key: value for layer in reversed(layers) for key, value in layer.values.items()}
    fetched, faults, warnings = fetch(merged)
    given = {key: replace(value, value=_absolute(key, value)) for key, value in fetched.items()}
    settings = _checked(
        _with_defaults(given, data_dir, cache_dir),
        [*(fault for layer in layers for fault in layer.faults), *faults],
    )
    default = Origin(kind="default", where="", folder=cwd)
    return Loaded(
        settings=settings,
        origins={
            key.name: given[key.name].origin if key.name in given else default for key in settings_keys()
        },
        warnings=(*warnings, *doubtful(settings)),
        files=tuple(files),
    )


def _files(file: Path | None, cwd: Path, user_dir: Path) -> dict[Path, FileKind]:
    """Find the files to read, the stronger first."""
    named = cwd / (file or FILE_NAME)
    if file is not None and not named.exists():
        raise SettingsError(
            f"{file} is not there; write it with: feedback-bridge --config {shlex.quote(str(file))} init"
        )
    found: dict[Path, FileKind] = {user_dir / FILE_NAME: "user file"}
    found = {named: "file", **{path: kind for path, kind in found.items() if path != named}}
    return {path: kind for path, kind in found.items() if path.exists()}


def _absolute(key: str, given: Given) -> Any:
    """Make a relative folder or SQLite file begin where its setting was written."""
    value = given.value
    if key in _FOLDERS and isinstance(value, str) and value:
        return str(given.origin.folder / value)
    if key == "database.url" and isinstance(value, str) and value.startswith(_SQLITE):
        path, mark, options = value.removeprefix(_SQLITE).partition("?")
        if path and path != ":memory:":
            return f"{_SQLITE}{given.origin.folder / path}{mark}{options}"
    return value


def _with_defaults(given: Mapping[str, Given], data_dir: Path, cache_dir: Path) -> dict[str, Given]:
    """Add the values that are worked out: the user's folders, and a database in the first of them."""
    origin = Origin(kind="default", where="the defaults", folder=data_dir)
    full = {
        "paths.data": Given(value=str(data_dir), origin=origin),
        "paths.cache": Given(value=str(cache_dir), origin=origin),
        **given,
    }
    database = SecretUrl(f"{_SQLITE}{full['paths.data'].value}/bridge.db")
    return {"database.url": Given(value=database, origin=origin), **full}


def _checked(given: Mapping[str, Given], faults: list[str]) -> Settings:
    """Build the settings, or raise with everything that is wrong, the places' own faults first."""
    nested: dict[str, Any] = {}
    for key, value in given.items():
        *parents, leaf = key.split(".")
        table = nested
        for parent in parents:
            table = table.setdefault(parent, {})
        table[leaf] = value.value
    try:
        settings = Settings.model_validate(nested)
        faults = [*faults, *contradictions(settings)]
    except ValidationError as error:
        origins = {key: value.origin for key, value in given.items()}
        faults = [*faults, *sentences(error, origins, {key: value.value for key, value in given.items()})]
    if faults:
        raise SettingsError(*faults)
    return settings
