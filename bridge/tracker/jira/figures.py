"""Our figures in a Jira's own fields: which field is meant, and how a value is written and read there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bridge.render.document import Document, Paragraph, Text
from bridge.render.format import Format
from bridge.tracker.jira.client import Client
from bridge.tracker.jira.issues import mappings
from bridge.tracker.jira.meta import Field

_ID = "customfield_"


class Figures:
    """The fields that the settings name, by our names. The site's fields are listed once, if at all."""

    def __init__(self, client: Client, names: Mapping[str, str], fmt: Callable[[], Format]) -> None:
        self._client = client
        self._names = {ours: theirs.strip() for ours, theirs in names.items() if theirs.strip()}
        self._format = fmt
        self._all: list[Field] | None = None

    def ids(self) -> dict[str, list[str]]:
        """Return the ids of each of our figures' fields; a name may be that of several, one a project."""
        return {ours: [one.id for one in self._meant(theirs)] for ours, theirs in self._names.items()}

    def on(
        self, screen: Mapping[str, Field], figures: Mapping[str, Any], *, off: Iterable[str]
    ) -> dict[str, Any]:
        """Return the values for a screen by field id, without those that are off."""
        left_out = set(off)
        named = {ours: value for ours, value in figures.items() if ours in self._names and value is not None}
        sent = {}
        for ours, value in named.items():
            field = _named(screen.values(), self._names[ours])
            if field is not None and field.id not in left_out:
                sent[field.id] = self._written(field, value)
        return _without_none(sent)

    def on_site(self, figures: Mapping[str, Any], issue_id: str) -> dict[str, Any]:
        """Return the values by field id for an issue; its own screen decides where a name is ambiguous."""
        sent = {}
        for ours, value in figures.items():
            if value is None or ours not in self._names:
                continue
            meant = self._typed(self._names[ours])
            if len(meant) > 1:
                screen = self._client.read("issue/{id}/editmeta", issue_id).get("fields", {})
                meant = [one for one in meant if one.id in screen]
            if meant:
                sent[meant[0].id] = self._written(meant[0], value)
        return _without_none(sent)

    def read(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return our figures out of an issue's fields, by our names."""
        found = {}
        for ours, ids in self.ids().items():
            values = [fields[one] for one in ids if fields.get(one) is not None]
            if values:
                found[ours] = self._shown(values[0])
        return found

    def in_history(self) -> dict[str, str]:
        """Return our figures, as in `figures.reach`, by their fields' ids and names in small letters."""
        found: dict[str, str] = {}
        for ours, theirs in self._names.items():
            for one in self._typed(theirs):
                found |= dict.fromkeys((one.id.casefold(), one.name.casefold()), f"figures.{ours}")
        return found

    def _meant(self, theirs: str) -> list[Field]:
        """Return the fields that a setting names; an id needs no question."""
        return [Field(id=theirs, name="")] if theirs.startswith(_ID) else self._typed(theirs)

    def _typed(self, theirs: str) -> list[Field]:
        if self._all is None:
            self._all = [Field.of(one) for one in mappings(self._client.read("field"))]
        return [one for one in self._all if _is_called(one, theirs)]

    def _written(self, field: Field, value: Any) -> Any:
        if field.kind == "number":
            return value if isinstance(value, int | float) and not isinstance(value, bool) else None
        said = str(value)
        if field.custom == "textarea" and self._client.is_cloud:
            return self._format().write(Document((Paragraph((Text(said),)),)))
        if field.kind == "option":
            return {"value": said}
        if field.kind == "array":
            return [{"value": said}] if field.items == "option" else ["-".join(said.split())]
        return said

    def _shown(self, value: Any) -> Any:
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, dict):
            return value["value"] if "value" in value else self._format().plain(value)
        return self._shown(value[0]) if isinstance(value, list) and value else value


def _without_none(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what a field can't hold: sent as nothing it would empty the field."""
    return {name: value for name, value in sent.items() if value is not None}


def _named(fields: Iterable[Field], theirs: str) -> Field | None:
    return next((one for one in fields if _is_called(one, theirs)), None)


def _is_called(field: Field, theirs: str) -> bool:
    return theirs == field.id or theirs.casefold() == field.name.casefold()
