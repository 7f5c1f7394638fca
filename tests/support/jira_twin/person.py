"""People who work in the same Jira, by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

from jira_twin import adf, attached, changes
from jira_twin.records import By, Comment, Issue, Link, Project, Transition, Version
from jira_twin.state import Site

Which = Issue | str


class Person:
    """Somebody with all rights. An issue is given as id, key or object."""

    def __init__(self, site: Site, name: str) -> None:
        self.site = site
        self.by = By(site.user(name), f"person:{name}")

    def _issue(self, which: Which) -> Issue:
        issue = self.site.find_issue(which.id if isinstance(which, Issue) else str(which))
        if issue is None:
            raise LookupError(f"there is no issue {which!r:.80}")
        return issue

    def _text(self, value: Any) -> Any:
        return adf.from_text(value) if isinstance(value, str) and self.site.cloud else value

    def create(self, project: str, summary: str, *, kind: str = "", **fields: Any) -> Issue:
        """Open an issue by hand."""
        with self.site.lock:
            home = self.site.projects[project]
            type_ = home.type(kind) if kind else None
            values = {"summary": summary, **self._values(fields)}
            return changes.create(self.site, self.by, home, type_ or home.types[0], values).picture()

    def _values(self, fields: dict[str, Any]) -> dict[str, Any]:
        rich = {"description", "environment"}
        return {name: self._text(value) if name in rich else value for name, value in fields.items()}

    def edit(self, issue: Which, **fields: Any) -> None:
        """Give fields new values: labels whole, priority and assignee by name, texts as strings too."""
        with self.site.lock:
            for name in (fields.get("assignee"), fields.get("reporter")):
                if name:
                    self.site.user(name)
            changes.change(self.site, self.by, self._issue(issue), self._values(fields))

    def edit_description(self, issue: Which, value: Any) -> None:
        """Write another description: a string, or on Cloud a document."""
        self.edit(issue, description=value)

    def add_label(self, issue: Which, label: str) -> None:
        """Add a label."""
        with self.site.lock:
            self.edit(issue, labels=list(dict.fromkeys([*self._issue(issue).labels, label])))

    def remove_label(self, issue: Which, label: str) -> None:
        """Remove a label."""
        with self.site.lock:
            self.edit(issue, labels=[one for one in self._issue(issue).labels if one != label])

    def comment(self, issue: Which, text: Any) -> Comment:
        """Comment."""
        with self.site.lock:
            return attached.add_comment(self.site, self.by, self._issue(issue), self._text(text), {})

    def edit_comment(self, issue: Which, comment: str, text: Any) -> None:
        """Change anybody's comment."""
        with self.site.lock:
            found = self._issue(issue)
            old = next(one for one in found.comments if one.id == comment)
            attached.change_comment(self.site, self.by, found, old, self._text(text), {})

    def delete_comment(self, issue: Which, comment: Comment | str) -> None:
        """Delete anybody's comment."""
        wanted = comment.id if isinstance(comment, Comment) else comment
        with self.site.lock:
            found = self._issue(issue)
            attached.delete_comment(
                self.site, self.by, found, next(c for c in found.comments if c.id == wanted)
            )

    def delete_remote_link(self, issue: Which, global_id: str) -> None:
        """Delete a remote link."""
        with self.site.lock:
            found = self._issue(issue)
            link = next(one for one in found.remote_links if one.global_id == global_id)
            attached.drop_remote(self.site, self.by, found, link)

    def move(self, issue: Which, project: str) -> str:
        """Move to another project; return the new key."""
        with self.site.lock:
            found = self._issue(issue)
            changes.move(self.site, self.by, found, self.site.projects[project])
            return found.key

    def _way(self, project: Project, issue: Issue, done: bool) -> Transition:
        ways = [one for one in project.transitions if (project.status(one.to).category == "done") is done]
        first = [one for one in ways if one.sources is None or issue.status in one.sources]
        return (first or ways)[0]

    def close(self, issue: Which, resolution: str = "Done") -> None:
        """Bring to a done status with a resolution."""
        self._go(issue, done=True, resolution=resolution)

    def reopen(self, issue: Which) -> None:
        """Bring back to a status that isn't done."""
        self._go(issue, done=False, resolution=None)

    def _go(self, issue: Which, *, done: bool, resolution: str | None) -> None:
        with self.site.lock:
            found = self._issue(issue)
            if resolution and resolution not in self.site.resolutions.values():
                self.site.resolutions[str(self.site.number("resolution"))] = resolution
            changes.go(self.site, self.by, found, self._way(self.site.home(found), found, done), resolution)

    def start(self, issue: Which) -> None:
        """Begin to work on it."""
        with self.site.lock:
            found = self._issue(issue)
            project = self.site.home(found)
            way = next(
                one for one in project.transitions if project.status(one.to).category == "indeterminate"
            )
            changes.go(self.site, self.by, found, way)

    def delete(self, issue: Which) -> None:
        """Delete for good."""
        with self.site.lock:
            changes.delete(self.site, self.by, self._issue(issue))

    def archive(self, issue: Which) -> None:
        """Archive: to be read, not written, not found."""
        with self.site.lock:
            changes.archive(self.site, self.by, self._issue(issue))

    def clone(self, issue: Which) -> Issue:
        """Clone: fields and labels are copied, as Jira does; properties, comments and remote links aren't."""
        with self.site.lock:
            found = self._issue(issue)
            project = self.site.home(found)
            kind = project.type(found.type) or project.types[0]
            fields = {
                **found.fields,
                "summary": f"CLONE - {found.fields.get('summary')}",
                "reporter": self.by.user.name,
            }
            copy = changes.create(self.site, self.by, project, kind, fields)
            attached.join(self.site, self.by, copy, found, "Cloners")
            return copy.picture()

    def _version(self, project: Project, name: str) -> Version:
        found = next((one for one in project.versions if one.name == name), None)
        if found is None:
            found = Version(id=str(self.site.number("version")), name=name)
            project.versions.append(found)
        return found

    def release(self, project: str, version: str) -> Version:
        """Release a version, made if there is none."""
        with self.site.lock:
            home = self.site.projects[project]
            old = self._version(home, version)
            day = self.site.clock.now().date().isoformat()
            new = dataclasses.replace(old, released=True, release_date=day)
            home.versions[home.versions.index(old)] = new
            self.site.record("release", None, self.by, project=project, version=version)
            return new

    def set_fix_version(self, issue: Which, name: str) -> None:
        """Plan an issue for a version, made if there is none."""
        with self.site.lock:
            self._version(self.site.home(self._issue(issue)), name)
            self.edit(issue, fixVersions=[name])

    def link(self, issue: Which, other: Which, kind: str = "Duplicate") -> Link | None:
        """Link: the issue duplicates (blocks, clones, relates to) the other."""
        with self.site.lock:
            return attached.join(self.site, self.by, self._issue(issue), self._issue(other), kind)

    def unlink(self, issue: Which, link: Link) -> None:
        """Take a link away."""
        with self.site.lock:
            self._issue(issue)
            attached.part(self.site, self.by, link)
