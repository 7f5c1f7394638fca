"""What is said of a topic: the steps `label`, `evidence` and `track`. Only touched topics cost anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, update
from sqlmodel import Session, col

from bridge.models import WORKSPACE, Evidence, Topic
from bridge.pipeline import mapping
from bridge.pipeline.context import Context
from bridge.pipeline.meaning import model_name, vectors_of
from bridge.proposals import merges
from bridge.store import counts as counting
from bridge.store import figures, growing, people, reviewing, slices
from bridge.store import topics as store
from topics.evidence import Candidate, choose
from topics.keywords import Keyword, keywords
from topics.labeller import Label
from topics.records import Kind
from topics.similar import nearest
from topics.titles import Member, Theme, heard_of, titles

HEARD = 200  # members of a topic that its title is made from
QUOTED_FROM = 100  # members of a topic that its evidence is chosen from
CONTRAST = 40  # members of each other topic that its keywords are contrasted with
OTHERS = 100  # other topics for contrast
TOGETHER = 20  # one in so many topics has doubled: then their labels are looked at
URGENT = 3  # ... or one of them is so many times as large as at the last look
NEAR = 5  # titles of near topics that a labeller is told
PATIENCE = 3  # questions in a row that a labeller may leave unanswered in one run
DORMANT_AFTER = timedelta(days=56)


def label(context: Context) -> dict[str, int]:
    """Give topics without one a title and keywords; refresh them while nobody relies on them yet.

    A machine's title changes only while its topic is new and has doubled since, and then only for a clearly
    better one; a person's never. A labeller, where the settings name one, is asked for each new title; what
    it says is used if it fits, and counted by its reason if not.
    """
    with context.database.reading() as session:
        context.looked_at = store.touches(session)
        roots = store.roots(session, hidden=True)
        maybe = growing.doubled(session, roots)
        sizes = store.mean_scores(session, [t.number for t in maybe])
        due = [t for t in maybe if _label_due(t, sizes.get(t.number, (0.0, 0))[1])]
        if not _worth_it(due, sizes, len(roots)):
            return {"labelled": 0}
        members = store.members(session, [t.number for t in due], HEARD)
        rest = [t.number for t in roots if t.number not in members][:OTHERS]
        contrast = store.members(session, rest, CONTRAST)
    due = [topic for topic in due if members[topic.number]]
    texts = {n: [m.plain for m in found] for n, found in (members | contrast).items() if found}
    banned = _banned(context)
    context.progress.step("label", 0, len(due))
    words = keywords(texts, banned=banned)
    themes = _themes(context, due, members, words)
    untitled = {number: theme for number, theme in themes.items() if _title_due(due, number)}
    given = [topic.title for topic in roots if topic.title and topic.number not in untitled]
    encode = context.encoder().encode if context.given is None else None
    found = titles(untitled, banned=banned, encode=encode, taken=given)
    proposed, counts = _proposed(context, untitled, found, given, banned)
    rows: list[dict[str, object]] = [
        {
            "id": topic.id,
            "keywords": [[word.term, round(word.weight, 4)] for word in words.get(topic.number, [])],
            "labelled_mentions": sizes[topic.number][1],
        }
        | ({"title": proposed[topic.number]} if topic.number in proposed else {})
        for topic in due
    ]
    context.progress.step("label", len(rows), len(due))
    with context.database.writing() as session:
        for row in rows:
            _write_label(session, row)
    return {"labelled": len(rows), **counts}


def _title_due(due: Sequence[Topic], number: int) -> bool:
    topic = next(topic for topic in due if topic.number == number)
    return topic.title_by == "machine" and (not topic.title or topic.state == "new")


def _themes(
    context: Context,
    due: Sequence[Topic],
    members: dict[int, list[store.Member]],
    words: Mapping[int, Sequence[Keyword]],
) -> dict[int, Theme]:
    """Return what the titles of the topics that are due are made from."""
    vectors = _member_vectors(context, members)
    centres = _centres(members, vectors)
    near = nearest(np.array(list(centres.values())), list(centres), top=3) if centres else {}
    themes = {}
    for topic in due:
        found = members[topic.number]
        weights = np.clip(vectors[topic.number] @ centres[topic.number], 0, 1)
        themes[topic.number] = Theme(
            members=[Member(m.text, float(weight)) for m, weight in zip(found, weights, strict=True)],
            keywords=words.get(topic.number, []),
            rivals=[words.get(n, []) for n, _ in near.get(topic.number, [])],
            kind=Kind(_majority([m.kind for m in found])),
            centre=centres[topic.number],
            title=topic.title or "",
        )
    return themes


def _proposed(
    context: Context,
    themes: Mapping[int, Theme],
    found: dict[int, str],
    given: Sequence[str],
    banned: frozenset[str],
) -> tuple[dict[int, str], dict[str, int]]:
    """Return the titles with those a labeller proposes instead, and how its answers were taken."""
    labeller = context.labeller()
    if labeller is None or not themes:
        return found, {}
    counts: Counter[str] = Counter()
    proposed = dict(found)
    silent = 0
    near = nearest(np.array([theme.centre for theme in themes.values()]), list(themes), top=NEAR)
    for number, theme in sorted(themes.items()):
        if silent >= PATIENCE:
            counts["labeller_unreachable"] += 1
            continue
        others = [proposed[n] for n, _ in near[number]]
        used = [*given, *(title for n, title in proposed.items() if n != number)]
        ranked = sorted(theme.members, key=lambda member: (-member.weight, member.text))
        topic = heard_of(theme, banned)
        answer = labeller.label([member.text for member in ranked], topic, others=others, taken=used)
        if isinstance(answer, Label):
            proposed[number] = answer.title
            counts["labeller_titles"] += 1
            silent = 0
        else:
            counts[f"labeller_{answer.reason}"] += 1
            silent = silent + 1 if answer.reason == "unreachable" else 0
    return proposed, dict(counts)


def _write_label(session: Session, row: dict[str, object]) -> None:
    """Store keywords, and the title unless a person has given one meanwhile."""
    title = row.pop("title", None)
    slices.write(session, Topic, [row])
    if title is not None:
        session.execute(
            update(Topic)
            .where(col(Topic.id) == row["id"], col(Topic.title_by) == "machine")
            .values(title=title)
        )


def _worth_it(due: Sequence[Topic], sizes: Mapping[int, tuple[float, int]], topics: int) -> bool:
    """Whether labels are looked at now: all topics are read for it, so a few that only doubled can wait."""
    urgent = any(not t.title or sizes[t.number][1] >= URGENT * t.labelled_mentions for t in due)
    return urgent or len(due) * TOGETHER > topics


def _label_due(topic: Topic, size: int) -> bool:
    return size > 0 and (not topic.title or size >= 2 * topic.labelled_mentions)


def _banned(context: Context) -> frozenset[str]:
    """Return the words that no title may hold: the brand's names, and the accounts that people talk to."""
    with context.database.reading() as session:
        addressed = people.most_addressed(session)
    names = (*context.settings.brand.names, *context.settings.brand.accounts, *addressed)
    return frozenset(
        word.casefold() for name in names for word in (name.lstrip("@"), *name.lstrip("@").split())
    )


def _majority(kinds: Sequence[str]) -> str:
    order = [kind.value for kind in Kind]
    return max(set(kinds), key=lambda kind: (kinds.count(kind), -order.index(kind)))


def _member_vectors(
    context: Context, members: dict[int, list[store.Member]]
) -> dict[int, NDArray[np.float32]]:
    """Return the unit vectors of each topic's members, in their order."""
    every = vectors_of(context, [m for found in members.values() for m in found])
    result, start = {}, 0
    for number, found in members.items():
        table = every[start : start + len(found)]
        result[number] = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)
        start += len(found)
    return result


def _centres(
    members: dict[int, list[store.Member]], vectors: dict[int, NDArray[np.float32]]
) -> dict[int, NDArray[np.float32]]:
    centres = {}
    for number, found in members.items():
        if found:
            mean = vectors[number].mean(axis=0)
            centres[number] = mean / max(float(np.linalg.norm(mean)), 1e-9)
    return centres


def choose_evidence(context: Context) -> dict[str, int]:
    """Choose the quotes that show each touched topic, and where its centre is."""
    with context.database.reading() as session:
        if context.looked_at is None:
            context.looked_at = store.touches(session)
        numbers = [topic.number for topic in growing.due(session, context.now)]
    done = 0
    for start in range(0, len(numbers), 50):
        done += show(context, numbers[start : start + 50])["topics"]
        context.progress.step("evidence", done, len(numbers))
    return {"topics": done}


def show(context: Context, numbers: Sequence[int]) -> dict[str, int]:
    """Choose the quotes that show these topics, and where their centres are."""
    with context.database.reading() as session:
        members = store.members(session, numbers, QUOTED_FROM)
        keyed = store.key_members(session, numbers)
    also = {n: [m for m in keyed.get(n, []) if m not in found] for n, found in members.items()}
    quotable = {number: [*found, *also[number]] for number, found in members.items()}
    vectors = _member_vectors(context, quotable)
    centres = _centres(members, {number: vectors[number][: len(found)] for number, found in members.items()})
    with context.database.writing() as session:
        for number in numbers:
            keep = {member.statement_id for member in keyed.get(number, [])}
            _write_evidence(session, quotable[number], vectors[number], number, keep)
        _write_centres(context, session, centres)
    return {"topics": len(numbers)}


def _write_evidence(
    session: Session,
    members: Sequence[store.Member],
    vectors: NDArray[np.float32],
    number: int,
    keep: Collection[int],
) -> None:
    candidates = [
        Candidate(
            key=m.statement_id,
            text=m.text,
            vector=vector,
            person=m.person_key,
            source=m.source,
            said_at=m.said_at,
            strength=m.score,
            kind_score=m.kind_score,
        )
        for m, vector in zip(members, vectors, strict=True)
    ]
    session.execute(
        delete(Evidence).where(col(Evidence.workspace_id) == WORKSPACE, col(Evidence.topic) == number)
    )
    rows = [
        {
            "workspace_id": WORKSPACE,
            "topic": number,
            "statement_id": chosen.key,
            "rank": rank,
            "score": chosen.score,
        }
        for rank, chosen in enumerate(choose(candidates, keep=keep), 1)
    ]
    slices.add(session, Evidence, rows)


def _write_centres(context: Context, session: Session, centres: dict[int, NDArray[np.float32]]) -> None:
    model = model_name(context.encoder())
    for number, centre in centres.items():
        session.execute(
            update(Topic)
            .where(col(Topic.workspace_id) == WORKSPACE, col(Topic.number) == number)
            .values(centroid=centre.astype("<f4").tobytes(), centroid_model=model)
        )


def track(context: Context) -> dict[str, int]:
    """Bring kind, confidence and state of topics up to date with what was said up to now.

    What a person decides or moves meanwhile stands: a state is followed by the next one only if it is still
    what was read, and a topic touched since this run first looked at it is looked at again by the next run.
    """
    with context.database.reading() as session:
        looked_at = store.touches(session) if context.looked_at is None else context.looked_at
        touched = [number for number, touches in figures.touches_by_root(session).items() if touches]
        due = growing.due(session, context.now)
        every = store.roots(session, hidden=True)
        counts = {n: f.counts for n, f in figures.figures(session, context.now).items()}
        rows = _kinds(session, context.now, due)
    with context.database.writing() as session:
        slices.write(session, Topic, rows)
        for topic in every:
            _write_state(session, topic, _state_row(context, topic, counts.get(topic.number)))
        figures.renew(session)
        if due:
            growing.shown(session, [topic.number for topic in due], context.now)
        if any(looked_at.values()):
            growing.clear(session, looked_at)
            figures.settle(session)
        if touched:
            reviewing.keep_questions(session, merges(session))
    return {"topics": len(every), "touched": len(touched), **mapping.draw(context.database)}


def _kinds(session: Session, now: datetime, topics: Sequence[Topic]) -> list[dict[str, object]]:
    """Return the kind and the confidence of these topics, as rows to store."""
    numbers = [topic.number for topic in topics]
    kinds, scores = counting.topic_kinds(session, now, numbers), store.mean_scores(session, numbers)
    return [
        {
            "id": topic.id,
            "kind": next(iter(kinds.get(topic.number, {})), topic.kind),
            "confidence": round(_confidence(*scores[topic.number]), 4)
            if topic.number in scores
            else topic.confidence,
        }
        for topic in topics
    ]


def _write_state(session: Session, topic: Topic, row: dict[str, object]) -> None:
    """Store the next state, unless a person has given the topic another one since it was read."""
    if row:
        session.execute(
            update(Topic)
            .where(
                col(Topic.id) == topic.id,
                col(Topic.state) == topic.state,
                col(Topic.state_until).is_not_distinct_from(topic.state_until),
                col(Topic.state_until_reach).is_not_distinct_from(topic.state_until_reach),
            )
            .values(**row)
        )


def _confidence(mean_score: float, size: int) -> float:
    """Return how sure we are that a topic is one theme: its members' mean score, less for few members."""
    return mean_score * size / (size + 2)


def _state_row(context: Context, topic: Topic, seen: counting.Counts | None) -> dict[str, object]:
    quiet = seen is not None and context.now - seen.last_seen > DORMANT_AFTER
    if topic.state == "new" and quiet:
        return {"state": "dormant", "state_before": topic.state}
    if topic.state == "dormant" and seen is not None and not quiet:
        return {"state": topic.state_before or "new", "state_before": None}
    if topic.state == "snoozed" and snooze_over(topic, context.now, seen.reach if seen else 0):
        return {
            "state": topic.state_before or "new",
            "state_before": None,
            "state_until": None,
            "state_until_reach": None,
        }
    return {}


def snooze_over(topic: Topic, now: datetime, reach: int) -> bool:
    """Whether a snoozed topic has reached the time or the number of people that it was to sleep until."""
    if topic.state_until is not None and now >= topic.state_until:
        return True
    return topic.state_until_reach is not None and reach >= topic.state_until_reach
