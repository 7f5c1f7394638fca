"""What people decided, as the topic engine obeys it; a topic is named by the root it is a part of today."""

from __future__ import annotations

from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Barred, Decision, Topic

MACHINE = "recluster"
"""Who decides when nobody did; what it decided binds no later clustering."""


def roots(session: Session) -> dict[int, int]:
    """Return the topic that each topic is a part of; most are their own."""
    return dict(session.exec(select(Topic.number, Topic.root).where(Topic.workspace_id == WORKSPACE)).all())


def barred(session: Session) -> frozenset[tuple[int, int]]:
    """Return the pairs (statement, topic) that no machine puts together."""
    found = session.exec(
        select(Barred.statement_id, Topic.root).where(
            Barred.workspace_id == WORKSPACE,
            Topic.workspace_id == WORKSPACE,
            col(Topic.number) == col(Barred.topic),
        )
    )
    return frozenset((statement, root) for statement, root in found)


def apart(session: Session) -> frozenset[tuple[int, int]]:
    """Return the pairs of topics, the lower number first, that no machine makes one.

    A person said so, split one from the other, took a merge of the two back, or moved a statement from one to
    the other.
    """
    of = roots(session)
    found = set()
    for one, other in (*_refused(session), *_parted(session)):
        ends = sorted((of.get(one, one), of.get(other, other)))
        if ends[0] != ends[1]:
            found.add((ends[0], ends[1]))
    return frozenset(found)


def _refused(session: Session) -> list[tuple[int, int]]:
    """Return the pairs whose merge was taken back by itself, not with a whole recluster."""
    undone = session.exec(
        select(Decision).where(
            Decision.workspace_id == WORKSPACE, Decision.verb == "merge", col(Decision.undone_at).is_not(None)
        )
    )
    return [(d.topic, d.other) for d in undone if d.other is not None and not d.after.get("whole")]


def _parted(session: Session) -> list[tuple[int, int]]:
    by_person = session.exec(
        select(Decision).where(
            Decision.workspace_id == WORKSPACE,
            col(Decision.verb).in_(("apart", "split", "move")),
            Decision.who != MACHINE,
            col(Decision.undone_at).is_(None),
        )
    )
    found = []
    for decision in by_person:
        left = {row.get("topic") for row in decision.before.get("assignment", {}).values()} | {decision.topic}
        to = decision.after.get("to") if decision.verb == "move" else decision.other
        found += [(number, to) for number in left if number and to]
    return found


def put_together(session: Session) -> frozenset[int]:
    """Return the topics that a person merged others into, whatever became of them since."""
    of = roots(session)
    merges = session.exec(
        select(Decision.other).where(
            Decision.workspace_id == WORKSPACE,
            Decision.verb == "merge",
            Decision.who != MACHINE,
            col(Decision.undone_at).is_(None),
        )
    )
    return frozenset(of.get(number, number) for number in merges if number is not None)


def whole(session: Session) -> frozenset[int]:
    """Return the topics that nobody is to be asked to split: hidden, put together, made whole again."""
    of = roots(session)
    hidden = session.exec(
        select(Topic.root).where(Topic.workspace_id == WORKSPACE, col(Topic.state) == "ignored")
    ).all()
    undone = session.exec(
        select(Decision.topic).where(
            Decision.workspace_id == WORKSPACE,
            Decision.verb == "split",
            col(Decision.undone_at).is_not(None),
        )
    ).all()
    return put_together(session) | {of.get(number, number) for number in (*hidden, *undone)}
