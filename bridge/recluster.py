"""Today's clusters against the lasting topics: first shown, then, if wanted, applied; nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlmodel import Session, col

from bridge.models import WORKSPACE, Assignment, Statement, Topic
from bridge.pipeline.context import Context
from bridge.pipeline.meaning import known_vectors, vectors_of
from bridge.pipeline.themes import settle_reposts
from bridge.rearranging import Rearranging
from bridge.store import decided, slices
from bridge.store import topics as store
from bridge.verbs import existing
from topics.discover import MIN_BIRTH, cluster
from topics.graph import neighbour_graph
from topics.identity import Lineage, lineage
from topics.resolution import pick_resolution
from topics.working import COPIES, Floats, Ints, Mean, afresh, centred

QUOTES = 3
NEWEST = 20_000  # statements that a fresh clustering looks at


@dataclass(frozen=True, slots=True)
class Said:
    """A statement that a fresh clustering looks at."""

    id: int
    text: str
    text_hash: str
    speaker: str


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
        lineage=_with_enough(
            lineage(topics, clusters, live), members, topics, {said.id: said.speaker for said in statements}
        ),
        members={number: tuple(keys) for number, keys in members.items()},
        topics=topics,
        quotes={said.id: said.text for said in statements},
        titles=every,
        looked_at=len(statements),
    )


def _with_enough(
    lines: Lineage,
    members: Mapping[int, Sequence[int]],
    topics: Mapping[int, int],
    speakers: Mapping[int, str],
) -> Lineage:
    """Leave out births and splits that too few could be taken for: the others are of other topics.

    Nor is it a topic what one person alone says.
    """

    def enough(number: int, topic: int) -> bool:
        taken = _takes(members[number], topics, topic)
        return len(taken) >= MIN_BIRTH and len({speakers[key] for key in taken}) > 1

    split = {topic: tuple(n for n in parts if enough(n, topic)) for topic, parts in lines.split.items()}
    return replace(
        lines,
        born=tuple(number for number in lines.born if enough(number, 0)),
        split={topic: parts for topic, parts in split.items() if parts},
    )


def _takes(keys: Sequence[int], topics: Mapping[int, int], topic: int) -> list[int]:
    """Return which of a cluster's statements a topic that is made of it would take: free ones and its own."""
    return [key for key in keys if topics.get(key, 0) in (0, topic)]


def _looked_at(
    session: Session, now: datetime, since: datetime | None, topic: int | None
) -> tuple[list[Said], dict[int, int]]:
    query = (
        select(
            col(Statement.id),
            col(Statement.text),
            col(Statement.text_hash),
            col(Assignment.speaker),
            col(Topic.root),
        )
        .join(Assignment, col(Assignment.statement_id) == col(Statement.id))
        .outerjoin(
            Topic, (col(Topic.number) == col(Assignment.topic)) & (col(Topic.workspace_id) == WORKSPACE)
        )
        .where(
            col(Statement.workspace_id) == WORKSPACE,
            col(Assignment.status).in_(("published", "unsure")),
            col(Assignment.said_at) <= now,
        )
        .order_by(col(Statement.sort_key).desc())
        .limit(NEWEST)
    )
    if since is not None:
        query = query.where(col(Assignment.said_at) >= since)
    if topic is not None:
        query = query.where(col(Topic.root) == topic)
    rows = session.execute(query).all()[::-1]
    statements = [Said(key or 0, text, text_hash, speaker) for key, text, text_hash, speaker, _ in rows]
    return statements, {said.id: row[-1] or 0 for said, row in zip(statements, rows, strict=True)}


def _cluster(
    context: Context, statements: Sequence[Said], granularity: str
) -> tuple[dict[int, int], list[int]]:
    """Return each statement's cluster, and the statements with the most typical of their cluster first."""
    if not statements:
        return {}, []
    encoder = context.encoder()
    some, lead = _leads(statements)
    vectors = _vectors(context, some)
    mean = Mean.zero(encoder.dimension).plus(vectors)
    space = centred(vectors, mean, encoder.blocks)
    fresh = afresh(np.arange(len(some), dtype=np.int64), space)
    resolution = pick_resolution(neighbour_graph(fresh), space, granularity=granularity)
    groups = cluster(fresh, resolution)
    typical = np.zeros(len(some))
    for group in np.unique(groups[groups >= 0]):
        inside = groups == group
        typical[inside] = space[inside] @ space[inside].mean(axis=0)
    keys = np.array([said.id for said in statements], np.int64)
    order = keys[np.argsort(-typical[lead], kind="stable")].tolist()
    return dict(zip(keys.tolist(), groups[lead].tolist(), strict=True)), order


def _leads(statements: Sequence[Said]) -> tuple[list[Said], Ints]:
    """Return the first dozen of each text's copies, and for each statement which of these stands for it.

    As in discovery: thousands of copies would only be each other's neighbours.
    """
    some: list[Said] = []
    places: dict[str, list[int]] = {}
    lead = []
    for said in statements:
        copies = places.setdefault(said.text_hash, [])
        if len(copies) < COPIES:
            copies.append(len(some))
            some.append(said)
            lead.append(copies[-1])
        else:
            lead.append(copies[0])
    return some, np.array(lead, np.int64)


def _vectors(context: Context, statements: Sequence[Said]) -> Floats:
    found = known_vectors(context, [said.text_hash for said in statements])
    missing = [said.id for said in statements if said.text_hash not in found]
    if missing:
        with context.database.reading() as session:
            rows = slices.statements(session, missing)
        made = vectors_of(context, rows)
        found.update({row.text_hash: vector.tobytes() for row, vector in zip(rows, made, strict=True)})
    table = b"".join(found[said.text_hash] for said in statements)
    return np.frombuffer(table, "<f4").reshape(len(statements), -1)


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
                "join": len(_joining(found, number, topic)),
                "quotes": _quotes(found, number),
            }
            for topic, number in found.lineage.continued.items()
        ],
        "born": [_part(found, number, 0) for number in found.lineage.born],
        "split": [
            {
                "from": f"T-{topic}",
                "title": found.titles.get(topic, ""),
                "into": [_part(found, number, topic) for number in parts],
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
        "unseen": [
            {
                "topic": f"T-{topic}",
                "title": found.titles.get(topic, ""),
                "statements": sum(number == topic for number in found.topics.values()),
            }
            for topic in found.lineage.unseen
        ],
    }


def _stay(found: Reclustering, number: int, topic: int) -> int:
    return sum(found.topics.get(key) == topic for key in found.members[number])


def _part(found: Reclustering, number: int, topic: int | None = None) -> dict[str, Any]:
    """Show a cluster, or what a topic made of it would take (`topic` is its parent, 0 for none)."""
    keys = found.members[number]
    shown = keys if topic is None else _takes(keys, found.topics, topic)
    return {"statements": len(shown), "quotes": _texts(found, shown)}


def _quotes(found: Reclustering, number: int) -> list[str]:
    return _texts(found, found.members[number])


def _texts(found: Reclustering, keys: Sequence[int]) -> list[str]:
    return [" ".join(found.quotes[key].split())[:280] for key in keys[:QUOTES]]


def _joining(found: Reclustering, number: int, topic: int) -> list[int]:
    """Return the free statements that join the topic: those of a cluster that is at least half in it."""
    members = found.members[number]
    if 2 * sum(found.topics.get(key) == topic for key in members) < len(members):
        return []
    return [key for key in members if not found.topics.get(key)]


def apply(context: Context, found: Reclustering) -> dict[str, int]:
    """Make it so, in one transaction: no id, decision or ticket is lost, and all of it can be undone.

    What people decided holds: a pinned statement stays, one that is not of a topic never joins it, topics
    that people keep apart or that both have a ticket are not merged, and an ignored topic and one that a
    person put together are not split. What has changed since `found` was made stays as it is now.
    """
    with context.database.writing() as session:
        work = Rearranging.of(session, found)
        held = decided.whole(session)
        for topic, number in found.lineage.continued.items():
            if number not in work.disputed:
                work.join(_joining(found, number, topic), topic)
        for number in found.lineage.born:
            work.part(found.members[number], None)
        for topic, parts in found.lineage.split.items():
            for number in parts:
                if topic in held:
                    work.count("kept together")
                else:
                    work.part(found.members[number], topic)
        done = work.do(context)
    settle_reposts(context)
    return done
