"""Statements into topics: the steps `assign` and `discover`.

A large backlog is worked in chunks; each chunk is one transaction, and discovery follows each, so that what
the second chunk brings finds the topics that the first one made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import select as sa_select
from sqlalchemy import update
from sqlmodel import col, select

from bridge.models import WORKSPACE, Assignment, Item, Person, Statement, Topic
from bridge.pipeline.context import Context
from bridge.pipeline.meaning import known_vectors, model_name, vectors_of
from bridge.pipeline.trying import Queue, slices_of
from bridge.store import copies, decided, growing, slices, working
from topics.assign import Placement, assign, placed
from topics.discover import Birth, Settings, tune
from topics.records import Kind, Role
from topics.rounds import let_be_born
from topics.working import Mean, Working, arrive, prune, without

CHUNK = 10_000
REPOSTS = 5000  # reposts that get their original's topic in one transaction
PROVISIONAL = 10**9  # numbers of topics that are not stored yet begin here
ASIDE = "language:"  # begins the reason of a statement in a language that is not understood
TOPIC_KINDS = frozenset({Kind.PROBLEM, Kind.REQUEST, Kind.QUESTION})
"""What forms topics. Praise and the rest are classified, counted and shown, but gather in no topic."""


def assign_and_discover(context: Context, *, discovering: bool) -> dict[str, int]:
    """Work through all statements that have a vector and no place yet."""
    counts = {"statements": 0, "born": 0}
    _look_again(context)
    with context.database.reading():
        engine = _load(context)
    if engine.discover_due and discovering:
        engine = _discover(context, engine, counts)
    for tried in slices_of(context, Queue("assign", "statement", slices.EMBEDDED, CHUNK)):
        with tried as ids:
            engine = _assign(context, engine, ids)
            counts["statements"] += len(ids)
        if engine.discover_due and discovering:
            engine = _discover(context, engine, counts)
    settle_copies(context)
    settle_reposts(context)
    return counts


def _look_again(context: Context) -> None:
    """Let statements be placed that were set aside for a language which is understood by now."""
    aside = (
        col(Assignment.workspace_id) == WORKSPACE,
        col(Assignment.status) == "out",
        col(Assignment.reason).startswith(ASIDE),
    )
    with context.database.reading() as session:
        reasons = session.exec(select(Assignment.reason).where(*aside).distinct()).all()
    known = [reason for reason in reasons if _understood(context, reason.removeprefix(ASIDE))]
    if not known:
        return
    again = select(Assignment.statement_id).where(*aside, col(Assignment.reason).in_(known))
    with context.database.writing() as session:
        session.execute(update(Statement).where(col(Statement.id).in_(again)).values(stage=slices.EMBEDDED))


def _load(context: Context) -> working.Engine:
    encoder = context.encoder()
    with context.database.reading() as session:
        if working.model(session) in ("", model_name(encoder)):
            found = working.load(session, lambda hashes: known_vectors(context, hashes), encoder.dimension)
            return found.with_(working=replace(found.working, blocks=encoder.blocks))
    return _load_anew(context)


def _load_anew(context: Context) -> working.Engine:
    """Return the engine in the vectors of another encoder than the last run's; topics stay as they are."""
    encoder = context.encoder()
    with context.database.reading() as session:
        statements = slices.statements(session, working.keys(session))
    vectors_of(context, statements)
    with context.database.reading() as session:
        old = working.load(session, lambda hashes: known_vectors(context, hashes), encoder.dimension)
    kept = old.working
    mean = Mean.zero(encoder.dimension).plus(kept.vectors)
    fresh = arrive(Working.empty(encoder.dimension), kept.keys, kept.vectors, mean, encoder.blocks)
    fresh = replace(fresh, topics=kept.topics, pinned=kept.pinned, barred=kept.barred, apart=kept.apart)
    arrivals = old.arrivals + len(kept)
    engine = working.Engine(fresh, mean, Settings(), discover_due=True, arrivals=arrivals, looked_at=arrivals)
    with context.database.writing() as session:
        working.drop_positions(session, kept.keys)
        working.add_positions(session, fresh, 0, old.arrivals)
        working.save(session, engine, model_name(encoder))
    return engine


def _assign(context: Context, engine: working.Engine, ids: list[int]) -> working.Engine:
    """Take one chunk in: set aside what forms no topics, place the rest, commit."""
    with context.database.reading() as session:
        statements = slices.statements(session, ids)
        said = slices.speakers(session, sorted({s.item_id for s in statements}))
        present = slices.assignments(session, ids)
    reasons = {s.id or 0: _out(context, s, *said[s.item_id]) for s in statements}
    held = {key for key, row in present.items() if _stays(row, reasons[key][0])}
    fit = [s for s in statements if not reasons[s.id or 0][0] and s.id not in held]
    with context.database.reading() as session:
        chosen = copies.entering(session, fit)
    enter = [s for s in fit if s.id in chosen]
    base = without(engine.working, np.array([key for key in ids if key not in held], np.int64))
    encoder = context.encoder()
    vectors = vectors_of(context, enter)
    mean = engine.mean.plus(vectors)
    keys = np.array([s.id for s in enter], np.int64)
    grown = arrive(base, keys, vectors, mean, encoder.blocks)
    settings = engine.settings
    after, placements = assign(
        grown, resolution=settings.resolution or 1.0, tie=settings.tie, known=settings.known(mean.count)
    )
    kept = prune(after)
    gone = np.setdiff1d(np.concatenate([engine.working.keys, keys]), kept.keys)
    engine = engine.with_(
        working=kept,
        mean=mean,
        discover_due=engine.discover_due or len(enter) > 0,
        arrivals=engine.arrivals + len(enter),
    )
    with context.database.writing() as session:
        rows = [_row(s, *said[s.item_id], *reasons[s.id or 0]) for s in statements]
        for row in rows:
            if not row["reason"] and row["statement_id"] not in chosen:
                row["reason"] = "unsure: many say it in these words, and they are in no topic yet"
        _replace(session, [row for row in rows if row["statement_id"] not in held])
        _refresh(session, [row for row in rows if row["statement_id"] in held])
        _place(session, placements, model_name(encoder))
        working.drop_positions(session, gone)
        working.drop_positions(session, keys)
        new = kept.take(np.isin(kept.keys, keys))
        working.add_positions(session, new, 0, engine.arrivals - len(enter))
        working.save(session, engine, model_name(encoder))
        slices.write(session, Statement, [{"id": key, "stage": slices.ASSIGNED} for key in ids])
    return engine


def _discover(context: Context, engine: working.Engine, counts: dict[str, int]) -> working.Engine:
    """Pick the resolution when due, let new topics be born, commit."""
    encoder = context.encoder()
    settings = tune(
        engine.settings,
        engine.working,
        engine.mean,
        encoder.blocks,
        granularity=context.settings.topics.granularity,
        backlog=context.backlog,
    )
    after, born = let_be_born(
        engine.working,
        settings,
        fresh=engine.arrivals - engine.looked_at,
        seen=engine.mean.count,
        number=PROVISIONAL,
    )
    after, born = _of_several(context, after, born)
    moved = np.flatnonzero((after.topics != engine.working.topics) | (after.topics == 0))
    places = placed(after, moved) if born else []
    with context.database.writing() as session:
        numbers = dict(zip(born, working.next_topic_numbers(session, len(born)), strict=True))
        _bear(context, session, {numbers[number]: birth for number, birth in born.items()}, settings)
        _place(session, [_renumbered(place, numbers) for place in places], model_name(encoder))
        topics = np.array([numbers.get(topic, topic) for topic in after.topics.tolist()], np.int64)
        engine = engine.with_(
            working=after.with_topics(topics),
            settings=settings,
            discover_due=False,
            looked_at=engine.arrivals,
        )
        working.save(session, engine, model_name(encoder))
    counts["born"] += len(born)
    context.progress.step("discover", counts["born"], None)
    return engine


def _of_several(
    context: Context, working: Working, born: dict[int, Birth]
) -> tuple[Working, dict[int, Birth]]:
    """Keep the births that several people stand behind; what one person repeats is no topic."""
    kept = {}
    with context.database.reading() as session:
        for number, birth in born.items():
            speakers = select(Assignment.speaker).where(col(Assignment.statement_id).in_(birth.keys))
            if len(session.exec(speakers.distinct().limit(2)).all()) > 1:
                kept[number] = birth
    lone = np.isin(working.topics, [number for number in born if number not in kept])
    return working.with_topics(np.where(lone, 0, working.topics)), kept


def _renumbered(place: Placement, numbers: Mapping[int, int]) -> Placement:
    return replace(
        place,
        topic=numbers.get(place.topic, place.topic),
        nearest=numbers.get(place.nearest, place.nearest),
        runner_up=numbers.get(place.runner_up, place.runner_up),
    )


def _bear(context: Context, session: Any, births: dict[int, Birth], settings: Settings) -> None:
    newest = {}
    for number, birth in births.items():
        times = select(Assignment.said_at).where(col(Assignment.statement_id).in_(birth.keys))
        newest[number] = max(session.exec(times))
    rows = [
        {
            "workspace_id": WORKSPACE,
            "number": number,
            "root": number,
            "title": "",
            "title_by": "machine",
            "keywords": [],
            "kind": Kind.OTHER.value,
            "state": "new",
            "confidence": 0.0,
            "born_at": newest[number],
            "born_run": context.run_id,
            "born_cold": settings.cold,
            "labelled_mentions": 0,
            "touched": 1,
            "grown": 0,
            "shown_mentions": 0,
            "centroid_model": "",
        }
        for number in births
    ]
    slices.add(session, Topic, rows)


def _out(context: Context, statement: Statement, item: Item, person: Person | None) -> tuple[str, str]:
    """Return status and reason of a statement that forms no topics; two empty strings if it may."""
    role = person.role if person else Role.CUSTOMER.value
    if role != Role.CUSTOMER:
        return "voice", f"role:{role}"
    if item.repost_of is not None:
        return "repost", item.repost_reason or "repost"
    if not any(character.isalpha() for character in statement.plain):
        return "out", "no words"
    if not context.all_kinds and statement.kind not in TOPIC_KINDS:
        return "out", f"kind:{statement.kind}"
    if item.lang and not _understood(context, item.lang):
        return "out", f"{ASIDE}{item.lang}"
    return "", ""


def _understood(context: Context, lang: str) -> bool:
    known = context.encoder().languages
    return lang in context.settings.topics.languages and (known is None or lang in known)


def _row(statement: Statement, item: Item, person: Person | None, status: str, reason: str) -> dict[str, Any]:
    return {
        "statement_id": statement.id,
        "workspace_id": WORKSPACE,
        "topic": None,
        "status": status or "unsure",
        "score": None,
        "runner_up": None,
        "runner_up_score": None,
        "reason": reason,
        "model": "",
        "pinned": False,
        "said_at": item.said_at,
        "speaker": item.person_key or f"item:{item.id}" if person else f"item:{item.id}",
        "source": item.source,
        "kind": statement.kind or Kind.OTHER.value,
    }


def _replace(session: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, over what was there, but not over what a person has put somewhere since it was read.

    The topics that lose a member are to be looked at again.
    """
    from sqlalchemy import delete

    pinned = _pinned(session, [row["statement_id"] for row in rows])
    rows = [row for row in rows if row["statement_id"] not in pinned]
    for start in range(0, len(rows), 5000):
        ids = [row["statement_id"] for row in rows[start : start + 5000]]
        before = session.exec(
            select(Assignment.topic).where(col(Assignment.statement_id).in_(ids)).distinct()
        )
        slices.touch(session, [topic for topic in before if topic])
        session.execute(delete(Assignment).where(col(Assignment.statement_id).in_(ids)))
    slices.add(session, Assignment, rows)


def _stays(row: Assignment, out: str) -> bool:
    """Whether a statement that comes here again keeps its place: a person put it there, or it still fits."""
    return row.pinned or (row.status == "published" and not out)


def _refresh(session: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Bring who said it and when up to date; the places stay."""
    kept = ("statement_id", "said_at", "speaker", "source", "kind")
    slices.write(session, Assignment, [{name: row[name] for name in kept} for row in rows])
    _touch_topics_of(session, [row["statement_id"] for row in rows])


def _touch_topics_of(session: Any, ids: Sequence[int]) -> None:
    for start in range(0, len(ids), 5000):
        found = select(Assignment.topic).where(col(Assignment.statement_id).in_(ids[start : start + 5000]))
        slices.touch(session, [topic for topic in session.exec(found.distinct()) if topic])


def _place(session: Any, placements: Sequence[Placement], model: str) -> None:
    placements = _not_barred(session, _not_pinned(session, placements))
    rows = [
        {
            "statement_id": p.key,
            "topic": p.topic or None,
            "status": "published" if p.topic else "unsure",
            "score": p.score if p.nearest else None,
            "runner_up": (p.runner_up if p.topic else p.nearest) or None,
            "runner_up_score": (p.runner_up_score if p.topic else p.score) if p.nearest else None,
            "reason": p.reason,
            "model": model,
        }
        for p in placements
    ]
    joined = [p.key for p in placements if p.topic]
    _touch_topics_of(session, joined)
    slices.write(session, Assignment, _changed(session, rows))
    growing.count_in(session, joined)


def _changed(session: Any, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows that say something new; most of those that wait stand as they stood."""
    names = list(rows[0]) if rows else []
    there: dict[int, Any] = {}
    for start in range(0, len(rows), 5000):
        keys = [row["statement_id"] for row in rows[start : start + 5000]]
        found = session.execute(
            sa_select(*(getattr(Assignment, name) for name in names)).where(
                col(Assignment.statement_id).in_(keys)
            )
        )
        there.update({row[0]: tuple(row) for row in found})
    return [row for row in rows if there.get(row["statement_id"]) != tuple(row.values())]


def _not_pinned(session: Any, placements: Sequence[Placement]) -> list[Placement]:
    """Leave out what a person has put somewhere, also while this run was at work."""
    pinned = _pinned(session, [p.key for p in placements])
    return [p for p in placements if p.key not in pinned]


def _not_barred(session: Any, placements: Sequence[Placement]) -> Sequence[Placement]:
    """Leave out what a person has said is not of this topic, also while this run was at work."""
    barred = decided.barred(session)
    roots = decided.roots(session) if barred else {}
    return [p for p in placements if (p.key, roots.get(p.topic, p.topic)) not in barred]


def _pinned(session: Any, keys: Sequence[int]) -> set[int]:
    """Return which of these statements a person has put somewhere."""
    found: set[int] = set()
    for start in range(0, len(keys), 5000):
        these = col(Assignment.statement_id).in_(keys[start : start + 5000])
        found.update(session.exec(select(Assignment.statement_id).where(these, col(Assignment.pinned))))
    return found


def settle_copies(context: Context) -> None:
    """Let statements in the very same words be where those are that stand in the working set for them."""
    with context.database.reading() as session:
        every = copies.followers(session, copies.leads(session))
    for start in range(0, len(every), REPOSTS):
        found = every[start : start + REPOSTS]
        with context.database.writing() as session:
            barred, roots = decided.barred(session), decided.roots(session)
            now = slices.assignments(session, [follower.statement_id for follower in found])
            wanted = [
                {
                    "statement_id": follower.statement_id,
                    "topic": follower.topic,
                    "status": "published",
                    "score": follower.score,
                    "reason": f"says the very same as others in T-{follower.topic}",
                }
                for follower in found
                if now[follower.statement_id].status == "unsure"
                and (follower.statement_id, roots.get(follower.topic, follower.topic)) not in barred
            ]
            slices.write(session, Assignment, wanted)
            growing.count_in(session, [int(str(row["statement_id"])) for row in wanted])


def settle_reposts(context: Context) -> None:
    """Let each collapsed repost bear its original's topic."""
    after = 0
    while True:
        with context.database.reading() as session:
            rows = slices.reposts_to_settle(session, after, REPOSTS)
        if not rows:
            return
        after = rows[-1].statement_id
        with context.database.writing() as session:
            now = slices.assignments(session, [row.statement_id for row in rows])
            still = [row for row in rows if row.holds(now.get(row.statement_id))]
            slices.touch(session, [row.before for row in still if row.before])
            wanted = [{"statement_id": r.statement_id, "topic": r.topic, "score": r.score} for r in still]
            slices.write(session, Assignment, wanted)
            growing.count_in(session, [row.statement_id for row in still if row.topic])
