"""Makes effects from the actions of a plan, and from intents that an earlier sync left open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bridge.drafting import document_of_note
from bridge.models import Intent, Mirror, Ticket
from bridge.pipeline import noting
from bridge.pipeline.restoring import UNDO
from bridge.pipeline.restoring import again as taken_back_again
from bridge.plan import Action, Draft
from bridge.render.document import Document
from bridge.render.ticket import summary
from bridge.tracker.effects import (
    AddComment,
    Bookkeeping,
    Create,
    Done,
    Effect,
    Join,
    Move,
    mirror_of,
    nothing,
)
from bridge.upkeep import SENDING, KeepLinks, Refresh, evidence_hash

if TYPE_CHECKING:
    from sqlmodel import Session

    from bridge.pipeline.context import Context
    from bridge.tracker import Tracker


class Effects:
    """Makes effects from actions and from intents."""

    def __init__(self, context: Context, tracker: Tracker) -> None:
        self._context = context
        self._tracker = tracker

    def of(self, action: Action, ticket: Ticket, mirror: Mirror) -> Effect:
        """Return the effect that an action asks for."""
        ticket_id = ticket.id or 0
        match action.effect:
            case "create":
                assert action.draft is not None  # noqa: S101 - the plan gives each create its draft
                return Create(ticket_id=ticket_id, draft=action.draft)
            case "update":
                assert action.draft is not None  # noqa: S101 - and each update
                return self.refresh(action.draft, action, ticket, mirror)
            case "transition":
                return Move(ticket_id=ticket_id, key=action.op_key, category="new", also=self._moved)
            case "link" if action.other:
                return Join(ticket_id=ticket_id, other_id=action.other, how="Relates")
            case "link":
                return links(action, ticket_id)
            case _:
                return self.comment(action, action.op_key, ticket_id)

    def again(self, intent: Intent, ticket: Ticket, actions: Sequence[Action]) -> Effect | None:
        """Return an open intent's effect as it would be today; None for upserts, which are planned anew."""
        kind, key = intent.effect, intent.key
        if key.startswith(UNDO):
            with self._context.database.reading() as session:
                return taken_back_again(session, key)
        same = [a for a in actions if (a.ticket_id, a.effect) == (ticket.id, kind) and _alike(a.op_key, key)]
        action = same[0] if same else None
        if kind == "create":
            draft = action.draft if action and action.draft else _last_words(ticket)
            return Create(ticket_id=ticket.id or 0, draft=draft)
        if kind == "transition":
            return Move(ticket_id=ticket.id or 0, key=key, category="new", also=self._moved)
        if kind == "link" and key.startswith("join "):
            return Join(ticket_id=ticket.id or 0, other_id=key.removeprefix("join "), how="Relates")
        if kind == "comment" and not key.startswith("edit "):
            return self.comment(action, key, ticket.id or 0)
        return None

    def refresh(self, draft: Draft, action: Action, ticket: Ticket, mirror: Mirror) -> Refresh:
        """Return the update of an issue's fields."""
        return Refresh(
            ticket_id=ticket.id or 0,
            key=action.op_key,
            draft=draft,
            title=summary(draft.title),
            written=dict(mirror.written or {}),
            theirs=tuple(mirror.theirs or ()),
            adopted=ticket.adopted,
            withdraws=action.withdraws,
            keep=self._keep,
        )

    def _keep(self, ticket_id: int, sending: Mapping[str, Any]) -> None:
        """Keep what stands in an issue before we write there, should nobody see the end of it."""
        with self._context.database.writing() as session:
            mirror = session.get(Mirror, ticket_id)
            if mirror is not None:
                known = {name: value for name, value in mirror.written.items() if name != SENDING}
                mirror.written = {**known, SENDING: sending} if sending else known

    def comment(self, action: Action | None, key: str, ticket_id: int) -> AddComment:
        """Return the comment of an action; without one, a comment that is only looked for."""
        document: Document | None = None
        also: Bookkeeping = nothing
        if action is not None and action.note is not None:
            document = document_of_note(action.note, self._context.settings, action.project)
            also = self._commented(action)
        elif action is not None and action.draft is not None:
            document = action.draft.document
            also = self.evidence_kept(action.draft)
        return AddComment(ticket_id=ticket_id, key=key, document=document, also=also)

    def _commented(self, action: Action) -> Bookkeeping:
        note = action.note

        def keep(session: Session, ticket: Ticket, done: Done, at: datetime) -> None:  # noqa: ARG001
            if note is None:
                return
            mirror = mirror_of(session, ticket)
            mirror.commented_at, mirror.commented_reach = at, max(mirror.commented_reach, action.people)
            told = {name: value for name, value in mirror.written.items() if name != noting.OWED}
            mirror.written = {**told, "recurrence": action.recurrence}

        return keep

    def evidence_kept(self, draft: Draft) -> Bookkeeping:
        """Return what keeps that the evidence stands in a comment."""

        def keep(session: Session, ticket: Ticket, done: Done, at: datetime) -> None:
            mirror = mirror_of(session, ticket)
            mirror.evidence_comment, mirror.commented_at = done.comment_id, at
            mirror.commented_reach = max(mirror.commented_reach, int(draft.fields.get("reach", 0)))
            mirror.written = {**mirror.written, "evidence": evidence_hash(draft.document)}

        return keep

    @staticmethod
    def _moved(session: Session, ticket: Ticket, done: Done, at: datetime) -> None:  # noqa: ARG004
        """Keep that an issue was opened again."""
        from bridge.store import topics

        mirror = mirror_of(session, ticket)
        mirror.moved_at, mirror.category = at, "new"
        mirror.written = {**mirror.written, noting.OWED: "reopened"}
        mirror.done_at = mirror.released_at = None
        ticket.state = "open"
        own = topics.topic(session, ticket.topic)
        root = topics.topic(session, own.root) if own else None
        if root is not None and root.state in ("done", "released", "tracked"):
            root.state = "recurred"


def links(action: Action, ticket_id: int) -> KeepLinks:
    """Return the upkeep of the links that an action names."""
    return KeepLinks(
        ticket_id=ticket_id,
        key="links",
        attach=action.attach,
        detach=action.detach,
        withdraws=action.withdraws,
    )


def _alike(planned: str, key: str) -> bool:
    """Whether two keys name the same effect, made on whatever day."""
    return noting.effect_name(planned) == noting.effect_name(key)


def _last_words(ticket: Ticket) -> Draft:
    """Return a draft for a ticket that nobody wants any more: it is looked for, not sent."""
    return Draft(
        topic=ticket.topic,
        project=ticket.project,
        type=ticket.type,
        title=ticket.title,
        document=Document(()),
        fields={},
    )
