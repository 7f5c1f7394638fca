"""Fetching secrets from where the settings say they are, and warning of those written into a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bridge.config.keys import SECRET_FORMS, SECRET_KEYS, SECRET_URLS
from bridge.config.layers import Given, Origin
from bridge.config.secret import Secret, looks_secret, mask_url, read_command, read_file

_INSTEAD = "hand it over by `{0}_file` or `{0}_command` instead"


def fetch(given: Mapping[str, Given]) -> tuple[dict[str, Given], list[str], list[str]]:
    """Replace what only names a secret by the secret; give the values, the faults and the warnings.

    Files and commands are read only for values that are in force, and relative to the place that named them.
    """
    values: dict[str, Given] = {}
    faults: list[str] = []
    warnings: list[str] = []
    for key, value in given.items():
        try:
            if key == "source" and isinstance(value.value, list):
                items = [_source(number, item, value.origin) for number, item in enumerate(value.value, 1)]
                values[key] = replace(value, value=items)
            else:
                values[key] = _setting(key, value)
        except ValueError as error:
            faults.append(str(error))
        warnings += _written_down(key, value)
    return values, faults, warnings


def _setting(key: str, given: Given) -> Given:
    if not given.form:
        return given
    name = f"{key}_{given.form}"
    secret = _read(f"`{name}`", given.form, given.value, given.origin)
    return replace(given, value=secret, origin=replace(given.origin, where=f"{given.origin.where} ({name})"))


def _source(number: int, item: Any, origin: Origin) -> Any:
    """Fetch the secrets of one ``[[source]]``: keys that end in a form and whose stem tells of a secret."""
    if not isinstance(item, Mapping):
        return item
    fetched: dict[str, Any] = {}
    for key, value in item.items():
        stem, _, form = key.rpartition("_")
        if form not in SECRET_FORMS or not looks_secret(stem):
            fetched[key] = _source(number, value, origin)
            continue
        subject = f"`{key}` of [[source]] {number}"
        if stem in item or stem in fetched:
            raise ValueError(f"{subject} in {origin.where} gives `{stem}` a second time; keep one way")
        fetched[stem] = Secret(_read(subject, form, value, origin))
    return fetched


def _read(subject: str, form: str, value: Any, origin: Origin) -> str:
    subject = f"{subject} in {origin.where}"
    if not isinstance(value, str) or not value:
        raise ValueError(f"{subject} must be a text that names a {form}")
    try:
        return read_file(origin.folder / value) if form == "file" else read_command(value, origin.folder)
    except ValueError as error:
        raise ValueError(f"{subject}: {error}") from None


def _written_down(key: str, given: Given) -> Iterator[str]:
    """Warn of secrets that stand in a settings file."""
    if given.form or given.origin.kind not in {"file", "user file"}:
        return
    value = given.value
    if key in SECRET_KEYS and isinstance(value, str):
        what = (
            "a password"
            if mask_url(value) != value
            else "a secret"
            if value and (key in SECRET_URLS or looks_secret(key.rpartition(".")[2]))
            else ""
        )
        if what:
            instead = _INSTEAD.format(key)
            yield f"`{key}` in {given.origin.where} holds {what} that each reader of the file sees; {instead}"
    if key == "source" and isinstance(given.value, list):
        for item in given.value:
            yield from _written_in(item, given.origin)


def _written_in(item: Any, origin: Origin) -> Iterator[str]:
    if not isinstance(item, Mapping):
        return
    for key, value in item.items():
        if isinstance(value, Mapping):
            yield from _written_in(value, origin)
        elif looks_secret(key) or (isinstance(value, str) and mask_url(value) != value):
            instead = _INSTEAD.format(key) if looks_secret(key) else "leave the password out of the address"
            yield f"`{key}` of a [[source]] in {origin.where} is seen by every reader of the file; {instead}"
