"""Today's clusters against the lasting topics: first shown, then, if wanted, applied; nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Assignment, Decision, Statement, Topic
from bridge.pipeline.context import Context
from bridge.pipeline.meaning import vectors_of
from bridge.pipeline.themes import settle_reposts
from bridge.store import slices, working
from bridge.store import topics as store
from bridge.verbs import Verbs, existing
from topics.discover import cluster
from topics.graph import neighbour_graph
from topics.identity import Lineage, lineage
from topics.resolution import pick_resolution
from topics.working import LIMIT, Mean, Working, arrive, centred

QUOTES = 3
MACHINE = "recluster"
"""Who decided a merge that no person did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reclustering:
    """What a fresh clustering says, beside what it was made from."""

    lineage: Lineage
    members: Mapping[int, tuple[int, ...]]  # cluster → statement ids, the most typical first
    topics: Mapping[int, int]  # statement → topic (root), 0 for none
    quotes: Mapping[int, str]  # statement → text
    titles: Mapping[int, str]  # topic → title
    looked_at: int


def compare(
    context: Context,
    *,
    since: datetime | None = None,
    topic: int | None = None,
    granularity: str | None = None,
) -> Reclustering:
    """Cluster the newest statements afresh, blind to the topics there are, and compare; reads only."""
    with context.database.reading() as session:
        if topic is not None:
            existing(session, topic)
        statements, topics = _looked_at(session, context.now, since, topic)
        every = {t.number: t.title for t in store.roots(session, hidden=True)}
    live = frozenset({topic} if topic else every)
    clusters, order = _cluster(context, statements, granularity or context.settings.topics.granularity)
    members: dict[int, list[int]] = {}
    for key in order:
        if clusters[key] >= 0:
            members.setdefault(clusters[key], []).append(key)
    return Reclustering(
        lineage=lineage(topics, clusters, live),
        members={number: tuple(keys) for number, keys in members.items()},
        topics=topics,
        quotes={s.id or 0: s.text for s in statements},
        titles=every,
        looked_at=len(statements),
    )


def _looked_at(
    session: Session, now: datetime, since: datetime | None, topic: int | None
) -> tuple[list[Statement], dict[int, int]]:
    query = (
        select(Statement, Topic.root)
        .join(Assignment, col(Assignment.statement_id) == col(Statement.id))
        .outerjoin(
            Topic, (col(Topic.number) == col(Assignment.topic)) & (col(Topic.workspace_id) == WORKSPACE)
        )
        .where(
            Statement.workspace_id == WORKSPACE,
            col(Assignment.status).in_(("published", "unsure")),
            col(Assignment.said_at) <= now,
        )
        .order_by(col(Statement.sort_key).desc())
        .limit(LIMIT)
    )
    if since is not None:
        query = query.where(col(Assignment.said_at) >= since)
    if topic is not None:
        query = query.where(Topic.root == topic)
    rows = list(session.exec(query))[::-1]
    return [row[0] for row in rows], {row[0].id or 0: row[1] or 0 for row in rows}


def _cluster(
    context: Context, statements: Sequence[Statement], granularity: str
) -> tuple[dict[int, int], list[int]]:
    """Return each statement's cluster, and the statements with the most typical of their cluster first."""
    if not statements:
        return {}, []
    encoder = context.encoder()
    vectors = vectors_of(context, statements)
    keys = np.array([s.id for s in statements], np.int64)
    mean = Mean.zero(encoder.dimension).plus(vectors)
    fresh = arrive(Working.empty(encoder.dimension), keys, vectors, mean, encoder.blocks)
    space = centred(vectors, mean, encoder.blocks)
    resolution = pick_resolution(neighbour_graph(fresh), space, granularity=granularity)
    groups = cluster(fresh, resolution)
    typical = np.zeros(len(keys))
    for group in np.unique(groups[groups >= 0]):
        rows = groups == group
        typical[rows] = space[rows] @ space[rows].mean(axis=0)
    order = keys[np.argsort(-typical, kind="stable")].tolist()
    return dict(zip(keys.tolist(), groups.tolist(), strict=True)), order


def as_json(found: Reclustering) -> dict[str, Any]:
    """Return the documented shape of `recluster --json`."""
    return {
        "statements": found.looked_at,
        "continued": [
            {
                "topic": f"T-{topic}",
                "title": found.titles.get(topic, ""),
                "statements": len(found.members[number]),
                "stay": _stay(found, number, topic),
                "join": sum(found.topics.get(key, 0) == 0 for key in found.members[number]),
                "quotes": _quotes(found, number),
            }
            for topic, number in found.lineage.continued.items()
        ],
        "born": [_part(found, number) for number in found.lineage.born],
        "split": [
            {
                "from": f"T-{topic}",
                "title": found.titles.get(topic, ""),
                "into": [_part(found, number) for number in parts],
            }
            for topic, parts in found.lineage.split.items()
        ],
        "merged": [
            {"from": [f"T-{t}" for t in topics[1:]], "into": f"T-{topics[0]}", **_part(found, number)}
            for number, topics in found.lineage.merged.items()
        ],
        "dormant": [
            {"topic": f"T-{topic}", "title": found.titles.get(topic, "")} for topic in found.lineage.dormant
        ],
    }


def _stay(found: Reclustering, number: int, topic: int) -> int:
    return sum(found.topics.get(key) == topic for key in found.members[number])


def _part(found: Reclustering, number: int) -> dict[str, Any]:
    return {"statements": len(found.members[number]), "quotes": _quotes(found, number)}


def _quotes(found: Reclustering, number: int) -> list[str]:
    return [" ".join(found.quotes[key].split())[:280] for key in found.members[number][:QUOTES]]


def apply(context: Context, found: Reclustering) -> dict[str, int]:
    """Make it so, in one transaction: no id, decision or ticket is lost, and each merge can be undone.

    Two topics that both have a ticket are not merged, nor what a person took apart before; an ignored topic
    and one that a person merged others into are not split.
    """
    lines = found.lineage
    done = {"joined": 0, "born": 0, "split": 0, "merged": 0, "kept apart": 0, "kept together": 0}
    with context.database.writing() as session:
        pinned = _pinned(session, list(found.topics))
        for topic, number in lines.continued.items():
            free = [k for k in found.members[number] if not found.topics.get(k) and k not in pinned]
            done["joined"] += _put(session, free, topic, "recluster: joins its cluster's topic")
        for number in lines.born:
            free = [k for k in found.members[number] if not found.topics.get(k) and k not in pinned]
            done["born"] += _new(context, session, free, None)
        for topic, parts in lines.split.items():
            if _held_together(session, topic):
                done["kept together"] += len(parts)
                continue
            for number in parts:
                own = [
                    k for k in found.members[number] if found.topics.get(k) in (0, topic) and k not in pinned
                ]
                done["split"] += _new(context, session, own, topic)
        for topics in lines.merged.values():
            for topic in topics[1:]:
                merged = _merge(context, session, topic, topics[0])
                done["merged" if merged else "kept apart"] += 1
    settle_reposts(context)
    return done


def _pinned(session: Session, keys: Sequence[int]) -> set[int]:
    rows = session.exec(
        select(Assignment.statement_id).where(
            Assignment.workspace_id == WORKSPACE, col(Assignment.pinned).is_(True)
        )
    )
    return set(rows) & set(keys)


def _put(session: Session, keys: Sequence[int], topic: int, reason: str) -> int:
    found = slices.assignments(session, keys)
    slices.touch(session, [topic, *(row.topic for row in found.values() if row.topic)])
    for row in found.values():
        row.topic, row.status, row.reason = topic, "published", reason
        row.score = row.runner_up_score if row.score is None else row.score
    return len(found)


def _held_together(session: Session, topic: int) -> bool:
    """Whether a person wants the topic as it is: hidden, or made of several."""
    found = store.topic(session, topic)
    by_person = session.exec(
        select(Decision.id).where(
            Decision.verb == "merge",
            Decision.who != MACHINE,
            Decision.other == topic,
            col(Decision.undone_at).is_(None),
        )
    ).first()
    return found is None or found.state == "ignored" or by_person is not None


def _new(context: Context, session: Session, keys: Sequence[int], split_from: int | None) -> bool:
    """Make a topic of these statements; False if there are none."""
    if not keys:
        return False
    (number,) = working.next_topic_numbers(session, 1)
    newest = max(row.said_at for row in slices.assignments(session, keys).values())
    session.add(
        Topic(number=number, root=number, born_at=newest, split_from=split_from, born_run=context.run_id)
    )
    session.flush()
    _put(session, keys, number, "recluster: split off" if split_from else "recluster: a new topic")
    return True


def _merge(context: Context, session: Session, topic: int, into: int) -> bool:
    """Merge unless both have a ticket, one is ignored, or a person undid this merge before."""
    tickets = store.tickets(session, [topic, into])
    ends = [store.topic(session, number) for number in (topic, into)]
    both = all(n in tickets and tickets[n].state != "rejected" for n in (topic, into))
    hidden = any(end is None or end.state == "ignored" for end in ends)
    undone = session.exec(
        select(Decision.id).where(
            Decision.verb == "merge",
            col(Decision.topic).in_((topic, into)),
            col(Decision.other).in_((topic, into)),
            col(Decision.undone_at).is_not(None),
        )
    ).first()
    if both or hidden or undone is not None:
        return False
    Verbs(session, MACHINE, context.now).merge(topic, into)
    return True
