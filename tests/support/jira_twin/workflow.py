"""Workflows a project can have, and the site's lists."""

from __future__ import annotations

from jira_twin.records import Status, Transition

CATEGORIES = {
    "new": (2, "To Do", "blue-gray"),
    "indeterminate": (4, "In Progress", "yellow"),
    "done": (3, "Done", "green"),
}
PRIORITIES = {"1": "Highest", "2": "High", "3": "Medium", "4": "Low", "5": "Lowest"}
RESOLUTIONS = {
    "10000": "Done",
    "10001": "Won't Do",
    "10002": "Duplicate",
    "10003": "Cannot Reproduce",
    "10004": "Fixed",
}
LINK_TYPES = {
    "10000": ("Blocks", "is blocked by", "blocks"),
    "10001": ("Cloners", "is cloned by", "clones"),
    "10002": ("Duplicate", "is duplicated by", "duplicates"),
    "10003": ("Relates", "relates to", "relates to"),
}
PERMISSIONS = [
    "BROWSE_PROJECTS",
    "CREATE_ISSUES",
    "EDIT_ISSUES",
    "ADD_COMMENTS",
    "LINK_ISSUES",
    "TRANSITION_ISSUES",
    "RESOLVE_ISSUES",
    "CLOSE_ISSUES",
    "DELETE_ISSUES",
    "EDIT_OWN_COMMENTS",
    "EDIT_ALL_COMMENTS",
    "DELETE_OWN_COMMENTS",
    "DELETE_ALL_COMMENTS",
    "CREATE_ATTACHMENTS",
    "MODIFY_REPORTER",
    "ASSIGN_ISSUES",
    "ASSIGNABLE_USER",
    "SCHEDULE_ISSUES",
    "MOVE_ISSUES",
]
NOT_HELD = ("ADMINISTER", "ADMINISTER_PROJECTS")


def simple(base: int, *, reopen_clears: bool = True) -> tuple[list[Status], list[Transition]]:
    """Return the simplified workflow, anything to anything; base 0 takes the ids of the whole site."""
    todo, doing, done = (str(base + n) if base else own for n, own in ((1, "10000"), (2, "3"), (3, "10001")))
    statuses = [
        Status(todo, "To Do", "new"),
        Status(doing, "In Progress", "indeterminate"),
        Status(done, "Done", "done"),
    ]
    return statuses, [
        Transition(id="11", name="To Do", to="To Do", clears=reopen_clears),
        Transition(id="21", name="In Progress", to="In Progress", clears=reopen_clears),
        Transition(id="31", name="Done", to="Done", resolution="Done"),
    ]


def classic(*, reopen_clears: bool = True) -> tuple[list[Status], list[Transition]]:
    """Return the classic workflow: resolving asks for a resolution on a screen."""
    statuses = [
        Status("1", "Open", "new"),
        Status("3", "In Progress", "indeterminate"),
        Status("4", "Reopened", "new"),
        Status("5", "Resolved", "done"),
        Status("6", "Closed", "done"),
    ]
    awake, done = ("Open", "In Progress", "Reopened"), ("Resolved", "Closed")
    return statuses, [
        Transition(id="4", name="Start Progress", to="In Progress", sources=("Open", "Reopened")),
        Transition(id="301", name="Stop Progress", to="Open", sources=("In Progress",)),
        Transition(id="5", name="Resolve Issue", to="Resolved", sources=awake, screen={"resolution": True}),
        Transition(
            id="2", name="Close Issue", to="Closed", sources=(*awake, "Resolved"), screen={"resolution": True}
        ),
        Transition(id="3", name="Reopen Issue", to="Reopened", sources=done, clears=reopen_clears),
    ]
