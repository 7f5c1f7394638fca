"""The machine behind the page: its settings with their origins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.responses import Response

from bridge.config.keys import setting_rows, settings_keys
from bridge.config.toml import to_toml
from bridge.web.access import needs
from bridge.web.desk import Desk
from bridge.web.twins import csv_answer, csv_text, json_answer

if TYPE_CHECKING:
    from bridge.config.layers import Origin

_SETTINGS = ("key", "value", "origin", "where")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting in force."""

    key: str
    value: str
    blocks: tuple[str, ...] = ()  # of a list of tables one text each, as the file has it
    help: str
    origin: str
    where: str


@dataclass(frozen=True, slots=True)
class Table:
    """The settings of one table of the file; "" holds those outside of tables."""

    name: str
    rows: list[Setting]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsPage:
    """All settings in force."""

    template: ClassVar[str] = "settings.html"
    title: str = "Settings"
    tables: list[Table]
    given: int


def add_machine(app: FastAPI, desk: Desk, origins: Mapping[str, Origin] | None) -> None:
    """Add the pages and their twins."""
    machine = _Machine(desk, origins)
    for path, show in (
        ("/settings", machine.settings),
        ("/settings.json", machine.settings_json),
        ("/settings.csv", machine.settings_csv),
    ):
        app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(show)


class _Machine:
    """The handlers."""

    def __init__(self, desk: Desk, origins: Mapping[str, Origin] | None) -> None:
        self._desk = desk
        self._origins = origins

    @needs("manage")
    def settings(self, request: Request) -> Response:
        """Show every setting and where it came from; of a secret only that it is set."""
        return self._desk.page(request, lambda _: _settings(self._settings()), "/settings")

    @needs("manage")
    def settings_json(self) -> Response:
        """Give what `config show --origin --json` gives."""
        return json_answer(self._settings())

    @needs("manage")
    def settings_csv(self) -> Response:
        """Give the settings as a file."""
        rows = [
            {**dict.fromkeys(_SETTINGS), **row, "value": to_toml(row["value"])} for row in self._settings()
        ]
        return csv_answer(csv_text(_SETTINGS, rows), "settings")

    def _settings(self) -> list[dict[str, Any]]:
        return setting_rows(self._desk.settings, self._origins)


def _settings(rows: list[dict[str, Any]]) -> SettingsPage:
    told = {key.name: key.help for key in settings_keys()}
    shown = [
        Setting(
            key=row["key"],
            value=to_toml(row["value"]),
            blocks=_blocks(row["key"], row["value"]),
            help=told[row["key"]],
            origin=row.get("origin", ""),
            where=row.get("where", ""),
        )
        for row in rows
    ]
    tables = groupby(sorted(shown, key=_table), key=_table)
    return SettingsPage(
        tables=[Table(name, list(found)) for name, found in tables],
        given=sum(setting.origin not in ("", "default") for setting in shown),
    )


def _blocks(key: str, value: Any) -> tuple[str, ...]:
    """Return the tables of a list of tables, such as the sources, as the file would have them."""
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        return ()
    return tuple(
        "\n".join([f"[[{key}]]", *(f"{name} = {to_toml(part)}" for name, part in table.items())])
        for table in value
    )


def _table(setting: Setting) -> str:
    return setting.key.rpartition(".")[0]
