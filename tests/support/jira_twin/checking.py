"""What the site accepts as fields and texts."""

from __future__ import annotations

from typing import Any

from jira_twin import adf
from jira_twin.exchange import Call, Refusal, field_errors, refused
from jira_twin.records import Field, Project
from jira_twin.state import Site
from jira_twin.workflow import PRIORITIES

SUMMARY = 255
Errors = dict[str, str]


def rich(site: Site, call: Call, value: Any, name: str) -> Any:
    """Return rich text as stored; refuse what isn't ADF on v3, a string on v2, or is too long."""
    if value is None:
        return None
    comment = name == "comment"
    if call.version == "3":
        if not isinstance(value, dict):
            wrong = (
                "Comment body is not valid!"
                if comment
                else "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
            )
            raise field_errors({name: wrong})
        if adf.problem(value):
            raise refused("INVALID_INPUT")
    elif not isinstance(value, str):
        raise field_errors(
            {name: "Comment body is not valid!" if comment else "Operation value must be a string"}
        )
    if adf.length(value) > adf.LIMIT:
        limit = "32,767" if site.cloud else "32767"
        raise field_errors(
            {name: f"The entered text is too long. It exceeds the allowed limit of {limit} characters."}
        )
    return adf.from_text(value) if site.cloud and isinstance(value, str) else value


def comment_body(site: Site, call: Call, value: Any) -> Any:
    """Return a comment's text as stored; an empty one is refused."""
    if value is None or (isinstance(value, str) and not value.strip()):
        raise field_errors({"comment": "Comment body can not be empty!"})
    return rich(site, call, value, "comment")


def summary(value: Any) -> str:
    """Return a summary, or refuse it."""
    if not isinstance(value, str) or not value.strip():
        raise field_errors({"summary": "You must specify a summary of the issue."})
    if len(value) > SUMMARY:
        raise field_errors({"summary": "Summary can't exceed 255 characters."})
    if "\n" in value or "\r" in value:
        raise field_errors({"summary": "The summary is invalid because it contains newline characters."})
    return value


def label(value: Any) -> str:
    """Return a label, or refuse it."""
    if not isinstance(value, str) or not value:
        raise field_errors({"labels": "data was not an array"})
    if any(letter.isspace() for letter in value):
        raise field_errors({"labels": f"The label '{value}' contains spaces which is invalid."})
    if len(value) > SUMMARY:
        raise field_errors({"labels": f"The label '{value}' exceeds the maximum length of 255 characters."})
    return value


def labels(value: Any) -> list[str]:
    """Return labels, each once."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise field_errors({"labels": "data was not an array"})
    return list(dict.fromkeys(label(one) for one in value))


def _named(value: Any, name: str, known: dict[str, str]) -> str | None:
    if value is None:
        return None
    wanted = value if isinstance(value, dict) else {}
    found = known.get(str(wanted.get("id"))) or next(
        (t for t in known.values() if t == wanted.get("name")), None
    )
    if found is None:
        raise field_errors({name: f"The {name} selected is invalid."})
    return found


def _versions(project: Project, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise field_errors({"fixVersions": "data was not an array"})
    known = {one.id: one.name for one in project.versions}
    return [name for one in value if (name := _named(one, "fixVersions", known))]


def _option(field: Field, value: Any) -> Any:
    said = value.get("value") if isinstance(value, dict) else None
    if said is None or (field.options and said not in field.options):
        raise field_errors({field.id: f"Option value '{said}' is not valid"})
    return {"value": said}


def _simple(field: Field, value: Any) -> Any:
    if field.kind == "number" and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise field_errors({field.id: "Operation value must be a number"})
    if field.kind in {"string", "date", "datetime"} and not isinstance(value, str):
        raise field_errors({field.id: "Operation value must be a string"})
    if field.kind == "string" and len(value) > SUMMARY:
        raise field_errors(
            {field.id: "The entered text is too long. It exceeds the allowed limit of 255 characters."}
        )
    return value


def value(site: Site, call: Call, project: Project, field: Field, said: Any) -> Any:
    """Return one field as stored, or refuse it with the site's words."""
    if field.id == "summary":
        return summary(said)
    if field.kind == "labels":
        return labels(said)
    if field.kind == "textarea":
        return rich(site, call, said, field.id)
    if field.kind == "priority":
        return _named(said, "priority", PRIORITIES)
    if field.kind == "versions":
        return _versions(project, said)
    if said is None:
        return None
    if field.kind == "user":
        user = site.find_user(said)
        if user is None:
            raise field_errors({field.id: f"User '{said}' does not exist."})
        return user.name
    return _option(field, said) if field.kind == "option" else _simple(field, said)


def values(site: Site, call: Call, project: Project, type_name: str, said: dict[str, Any]) -> dict[str, Any]:
    """Return all fields as stored; every field that isn't on the screen or is wrong is named at once."""
    screen = site.fields_of(project, type_name)
    errors: Errors = {}
    kept: dict[str, Any] = {}
    for name, one in said.items():
        if name not in screen:
            errors[name] = f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."
            continue
        try:
            kept[name] = value(site, call, project, screen[name], one)
        except Refusal as refusal:
            if not refusal.answer.body["errors"]:
                raise
            errors |= refusal.answer.body["errors"]
    if errors:
        raise field_errors(errors)
    return kept


def missing(project: Project, type_name: str, have: dict[str, Any]) -> Errors:
    """Return the errors of required fields left empty."""
    wanted = project.required.get(type_name, {})
    return {
        name: f"{title} is required." for name, title in wanted.items() if have.get(name) in (None, "", [])
    }
