"""Faults that change the site: what others do to it while the bridge works."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from jira_twin import changes
from jira_twin.exchange import Call, Refusal, refused
from jira_twin.faults import Fault
from jira_twin.records import By, Issue, Project
from jira_twin.workflow import PERMISSIONS

if TYPE_CHECKING:
    from jira_twin.twin import Twin


class Meddler:
    """Does to the twin what a fault says, to the issue of the request or the one named in the fault."""

    def __init__(self, twin: Twin, call: Call) -> None:
        self.twin = twin
        self.site = twin.site
        self.call = call
        self.by = By(self.site.user("ann", "Ann Other"), f"fault:{call.request_id}")

    def run(self, fault: Fault) -> None:
        """Make the change; without the issue or project it is about, nothing happens."""
        name = "_" + fault.name.replace("-", "_")
        getattr(self, name)(fault.detail)

    def _issue(self, detail: dict[str, Any]) -> Issue | None:
        wanted = detail.get("issue") or self.call.params.get("id")
        if wanted:
            return self.site.find_issue(getattr(wanted, "id", str(wanted)))
        alive = [one for one in self.site.issues.values() if not one.deleted]
        return alive[-1] if alive else None

    def _project(self, detail: dict[str, Any]) -> Project:
        if wanted := detail.get("project"):
            return self.site.projects[wanted]
        name = self.call.params.get("project")
        if name and (found := self.site.find_project(name)):
            return found
        issue = self._issue({}) if "id" in self.call.params else None
        return self.site.home(issue) if issue else next(iter(self.site.projects.values()))

    def _deleted(self, detail: dict[str, Any]) -> None:
        if issue := self._issue(detail):
            changes.delete(self.site, self.by, issue)

    def _archived(self, detail: dict[str, Any]) -> None:
        if issue := self._issue(detail):
            changes.archive(self.site, self.by, issue)

    def _moved(self, detail: dict[str, Any]) -> None:
        to = detail.get("to", "OTHER")
        if to not in self.site.projects:
            self.twin.project(to, style="team", types=("Idea", "Task"))
        if issue := self._issue(detail):
            changes.move(self.site, self.by, issue, self.site.projects[to])

    def _permission_lost(self, detail: dict[str, Any]) -> None:
        self._project(detail).denied |= set(detail.get("permissions", PERMISSIONS))

    def _required_field(self, detail: dict[str, Any]) -> None:
        project = self._project(detail)
        for name in [detail["type"]] if "type" in detail else [one.name for one in project.types]:
            own = project.required.setdefault(name, {})
            own[detail.get("field", "customfield_10050")] = detail.get("title", "Severity")

    def _field_off_screen(self, detail: dict[str, Any]) -> None:
        self._project(detail).hidden.add(detail.get("field", "labels"))

    def _transition_gone(self, detail: dict[str, Any]) -> None:
        project, mode = self._project(detail), detail.get("mode", "removed")
        if mode == "conflict":
            raise self.conflict()
        wanted = detail.get("id") or next(
            t.id for t in project.transitions if project.status(t.to).category == "done"
        )
        kept = [one for one in project.transitions if one.id != wanted]
        gone = next((one for one in project.transitions if one.id == wanted), None)
        if gone and mode == "renamed":
            kept.append(dataclasses.replace(gone, id=str(int(gone.id) + 500), name=f"{gone.name} (new)"))
        if gone and mode == "resolution":
            kept.append(dataclasses.replace(gone, screen={"resolution": True}, resolution=None))
        project.transitions = kept

    @staticmethod
    def conflict() -> Refusal:
        """Return the 409 of a concurrent change."""
        return refused("The issue was changed by somebody else.", status=409)

    def _project_gone(self, detail: dict[str, Any]) -> None:
        project = self._project(detail)
        if "key" in detail:
            changes.rename_project(self.site, self.by, project, detail["key"])
        else:
            project.gone = True
            self.site.record("project delete", None, self.by, key=project.key)

    def _person_edits(self, detail: dict[str, Any]) -> None:
        issue = self._issue(detail)
        if issue is None:
            return
        person = self.twin.as_person(detail.get("name", "ann"))
        what = ("fields", "comment", "close", "add_label", "remove_label")
        fields = detail.get("fields") or (
            {} if any(one in detail for one in what) else {"summary": "Changed by hand"}
        )
        if fields:
            person.edit(issue, **fields)
        for name in ("comment", "add_label", "remove_label"):
            if name in detail:
                getattr(person, name)(issue, detail[name])
        if detail.get("close"):
            person.close(issue, detail["close"] if isinstance(detail["close"], str) else "Done")

    def _second_bridge(self, detail: dict[str, Any]) -> None:
        """Create what the request is about to create, or a copy of an issue, as another bridge would."""
        said = self.call.json if isinstance(self.call.json, dict) else {}
        fields = said.get("fields") or {}
        issue = self._issue(detail)
        labels = detail.get("labels") or fields.get("labels") or (issue.labels if issue else [])
        project = self._project(detail)
        by = By(self.site.user("bridge2", "Second bridge"), self.by.request_id)
        new = {"summary": fields.get("summary", "Made by a second bridge"), "labels": list(labels)}
        made = changes.create(self.site, by, project, project.types[0], new)
        made.properties = {one["key"]: one["value"] for one in said.get("properties") or []} or dict(
            issue.properties if issue else {}
        )
        self.site.index.write(made)

    def _stale_index(self, detail: dict[str, Any]) -> None:
        self.site.index.freeze(detail.get("seconds", 60))

    def _clock_skew(self, detail: dict[str, Any]) -> None:
        self.site.clock.skew = detail.get("seconds", 3600)

    def _webhook(self, detail: dict[str, Any]) -> None:
        self.twin.webhook_modes.add(detail.get("mode", "duplicate"))
