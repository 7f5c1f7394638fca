"""Which way of a workflow leads to a category, and what its screen needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.errors import TrackerError
from bridge.tracker import Category
from bridge.tracker.jira.issues import category, mapping, mappings, text

_NAMES = {"new": "to do", "indeterminate": "in progress", "done": "done"}
Transition = Mapping[str, Any]


def way_to(
    wanted: Category, transitions: Sequence[Transition], key: str
) -> tuple[Transition, dict[str, Any]]:
    """Return the transition into a category and the fields it needs; one without a screen is preferred.

    A required resolution gets the first value that is allowed. Raises `TrackerError` if there is no way.
    """
    if not transitions:
        raise TrackerError(
            f"{key}: Jira offers no way out of its status; give the account the permission TRANSITION_ISSUES,"
            " or change the workflow"
        )
    fitting = [one for one in transitions if _leads_to(one) == wanted and one.get("isAvailable") is not False]
    if not fitting:
        names = ", ".join(sorted({text(mapping(one.get("to")).get("name")) for one in transitions}))
        raise TrackerError(
            f"{key}: its workflow has no way from here into a status of the category {_NAMES[wanted]};"
            f" it leads to: {names[:200]}"
        )
    fitting.sort(key=lambda one: (bool(one.get("hasScreen")), len(_required(one))))
    lacking = ""
    for one in fitting:
        fields, lacking = _filled(one)
        if not lacking:
            return one, fields
    raise TrackerError(
        f"{key}: the way to {_NAMES[wanted]} asks for {lacking[:200]}, which only a person can fill;"
        " move it by hand"
    )


def _leads_to(transition: Transition) -> Category:
    return category(mapping(transition.get("to")))


def _required(transition: Transition) -> dict[str, Mapping[str, Any]]:
    fields = {name: mapping(one) for name, one in mapping(transition.get("fields")).items()}
    return {
        name: one for name, one in fields.items() if one.get("required") and not one.get("hasDefaultValue")
    }


def _filled(transition: Transition) -> tuple[dict[str, Any], str]:
    """Return the fields that the screen needs, and the names of those that we can't fill."""
    fields: dict[str, Any] = {}
    lacking = []
    for name, one in _required(transition).items():
        allowed = mappings(one.get("allowedValues"))
        if name == "resolution" and allowed:
            fields[name] = (
                {"id": value} if (value := text(allowed[0].get("id"))) else {"name": allowed[0].get("name")}
            )
        else:
            lacking.append(text(one.get("name")) or name)
    return fields, ", ".join(lacking)
