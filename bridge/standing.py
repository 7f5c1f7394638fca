"""What a ticket that stands wants: a word when it grows, and what to do when a complaint comes back.

Pure: touches nothing, knows no clock and no database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bridge.config.model import Settings

WhenBack = Literal["reopen", "comment", "new"]

GREW_BY = 3
"""People that a topic must have won, beside having doubled, to be worth a comment."""

BURST_AGAIN = timedelta(days=28)
"""Time between two comments that a topic bursts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What the settings say of comments and of what comes back, for one project."""

    comment_every: timedelta = timedelta(days=7)
    when_back: WhenBack = "reopen"
    reopen_within: timedelta = timedelta(days=30)
    cool_down: timedelta = timedelta(days=7)
    wont_do: frozenset[str] = frozenset()  # names of resolutions and statuses, lower case

    def is_wont_do(self, resolution: str | None, status: str) -> bool:
        """Whether an issue was ended by saying no."""
        return bool({(resolution or "").casefold(), status.casefold()} & self.wont_do)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A ticket with an issue, as these rules see it."""

    reach: int
    reach_told: int  # people when the issue was created, or last commented on
    recurrence: int  # how often the topic came back
    recurrence_told: int
    burst: bool
    commented_at: datetime | None = None
    done_at: datetime | None = None
    released_at: datetime | None = None
    has_versions: bool = False
    resolution: str | None = None
    status: str = ""
    closed_as_copy: bool = False
    moved_at: datetime | None = None
    people_since: int = 0  # distinct people since the fix was out
    people_needed: int = 1  # as many as a new ticket needs
    reach_at_end: int = 0  # people up to the time it was done

    @property
    def fixed_at(self) -> datetime | None:
        """When the fix reached people, as far as the tracker says: done is not released."""
        return self.released_at if self.has_versions else self.done_at


@dataclass(frozen=True, slots=True)
class Milestone:
    """Something worth one comment: `name` is grew, back or burst."""

    name: Literal["grew", "back", "burst"]
    reason: str


@dataclass(frozen=True, slots=True)
class Return:
    """What to do about a complaint that came back."""

    what: WhenBack
    reason: str


def milestone(standing: Standing, habits: Habits, now: datetime) -> Milestone | None:
    """Say whether to comment today, and on what: at most one comment in a window."""
    last = standing.commented_at
    if last is not None and now - last < habits.comment_every:
        return None
    told = max(standing.reach_told, 1)
    if standing.recurrence > standing.recurrence_told:
        return Milestone("back", "people speak of it again after a quiet time")
    if standing.reach >= 2 * told and standing.reach - told >= GREW_BY:
        return Milestone("grew", f"{standing.reach} people, {told} when last told")
    if standing.burst and (last is None or now - last >= BURST_AGAIN):
        return Milestone("burst", "far more people than usual speak of it")
    return None


def coming_back(standing: Standing, habits: Habits, now: datetime) -> Return | None:
    """Say what to do about a ticket that is done while people go on complaining; None: leave it.

    What is done but not released yet can't have helped, so nothing came back. A "won't do" is respected until
    twice as many people say it. One state change in a cool-down.
    """
    fixed = standing.fixed_at
    if fixed is None or fixed > now or standing.closed_as_copy:
        return None
    people = f"{standing.people_since} people since {fixed:%Y-%m-%d}"
    if habits.is_wont_do(standing.resolution, standing.status):
        if standing.reach < 2 * max(standing.reach_at_end, 1) or _commented(standing, habits, now):
            return None
        return Return(
            "comment", f"{standing.resolution or standing.status}, but twice as many people say it now"
        )
    if standing.people_since < standing.people_needed:
        return None
    if standing.moved_at is not None and now - standing.moved_at < habits.cool_down:
        return None
    if habits.when_back == "comment":
        return None if _commented(standing, habits, now) else Return("comment", people)
    if habits.when_back == "reopen" and now - fixed <= habits.reopen_within:
        return Return("reopen", people)
    return Return("new", people)


def _commented(standing: Standing, habits: Habits, now: datetime) -> bool:
    """Whether the return was spoken of already: in this window, or since with no one new."""
    last = standing.commented_at
    if last is None:
        return False
    return now - last < habits.comment_every or standing.reach < 2 * max(standing.reach_told, 1)


def habits_of(settings: Settings, project: str) -> Habits:
    """Return the habits for a project."""
    jira = settings.jira
    return Habits(
        comment_every=timedelta(days=jira.comment_every_days),
        when_back=jira.when_back_in.get(project, jira.when_back),
        reopen_within=timedelta(days=jira.reopen_within_days),
        cool_down=timedelta(days=jira.cool_down_days),
        wont_do=frozenset(name.casefold() for name in jira.wont_do),
    )
