"""Questions for people about topics: which may be one, which may be several; and splitting one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlmodel import Session

from bridge.errors import InputError
from bridge.pipeline.context import Context
from bridge.pipeline.meaning import vectors_of
from bridge.placing import existing
from bridge.store import decided, places, slices, working
from bridge.store import topics as store
from bridge.verbs import Verbs
from topics.proposals import Merge, Split, followers, parts_of, possible_merges, possible_splits
from topics.working import Mean, Working, centred

QUOTES = 3
LONGEST = 280


def proposals(session: Session) -> dict[str, Any]:
    """Return the documented shape of `topics proposals --json`, computed from the working set."""
    there = working.load_graph(session)
    splits = possible_splits(there, whole=decided.whole(session))
    texts = _quotes(session, [key for split in splits for part in split.parts for key in part[:QUOTES]])
    return {"merge": _merges(session, there), "split": [_split(split, texts) for split in splits]}


def merges(session: Session) -> list[dict[str, Any]]:
    """Return the merges of `topics proposals --json` alone; splits take longer to find."""
    return _merges(session, working.load_graph(session))


def _merges(session: Session, there: Working) -> list[dict[str, Any]]:
    hidden = {topic.number for topic in store.roots(session, hidden=True) if topic.state == "ignored"}
    found = [merge for merge in possible_merges(there) if not hidden.issuperset(merge.topics)]
    texts = _quotes(session, [key for merge in found for key in merge.alike])
    return [_merge(merge, texts, hidden) for merge in found]


def _merge(merge: Merge, texts: dict[int, str], hidden: Collection[int]) -> dict[str, Any]:
    ignored = "".join(f"; T-{number} is ignored" for number in merge.topics if number in hidden)
    return {
        "topics": [f"T-{number}" for number in merge.topics],
        "score": round(merge.score, 4),
        "why": merge.why + ignored,
        "quotes": [texts[key] for key in merge.alike],
    }


def _split(split: Split, texts: dict[int, str]) -> dict[str, Any]:
    return {
        "topic": f"T-{split.topic}",
        "score": round(split.score, 4),
        "why": split.why,
        "groups": [
            {"statements": len(part), "quotes": [texts[key] for key in part[:QUOTES]]} for part in split.parts
        ],
    }


def suggestion(session: Session, number: int) -> dict[str, Any]:
    """Return the documented shape of `topics split T-n --json`: the groups that a topic would fall into."""
    existing(session, number)
    split = parts_of(working.load_graph(session), number)
    if split is None:
        return {"topic": f"T-{number}", "score": 0.0, "why": "it falls into no groups", "groups": []}
    every = [key for part in split.parts for key in part]
    names, texts = _names(session, every), _quotes(session, every)
    found = _split(split, texts)
    for group, part in zip(found["groups"], split.parts, strict=True):
        group["items"] = [names[key] for key in part]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitOff:
    """What a split did."""

    topic: int
    into: int
    statements: int  # that a person named
    followed: Sequence[dict[str, str]]  # item and quote of each that went along

    def as_json(self) -> dict[str, Any]:
        """Return the documented shape of `topics split T-n --into … --json`."""
        return {
            "topic": f"T-{self.topic}",
            "into": f"T-{self.into}",
            "statements": self.statements,
            "followed": list(self.followed),
        }


def split_off(
    context: Context, who: str, number: int, items: Sequence[str], *, title: str = "", follow: bool = True
) -> SplitOff:
    """Make a topic of these items of a topic; with `follow` others that are clearly nearer go with them."""
    with context.database.reading() as session:
        existing(session, number)
        chosen = {row.statement_id for row in places.named(session, number, items)}
    along = _followers(context, number, chosen) if follow else {}
    with context.database.writing() as session:
        made = Verbs(session, who, context.now).split(number, items, followers=along, title=title)
        went = [key for key in along if slices.assignments(session, [key])[key].topic == made]
        names, texts = _names(session, went), _quotes(session, went)
    return SplitOff(
        topic=number,
        into=made,
        statements=len(chosen),
        followed=[{"item": names[key], "quote": texts[key]} for key in went],
    )


def _followers(context: Context, number: int, chosen: Collection[int]) -> dict[int, float]:
    """Return the statements that are clearly nearer to the chosen ones, each with its score there."""
    with context.database.reading() as session:
        rows = [
            row for row in places.members(session, number) if not row.pinned or row.statement_id in chosen
        ]
        statements = slices.statements(session, [row.statement_id for row in rows])
        mean = working.stored_mean(session)
    encoder = context.encoder()
    vectors = vectors_of(context, statements)
    if mean is None or len(mean.total) != encoder.dimension:
        mean = Mean.zero(encoder.dimension).plus(vectors)
    named = np.array([(s.id or 0) in chosen for s in statements], bool)
    if not named.any():
        return {}
    found, shares = followers(centred(vectors, mean, encoder.blocks), named)
    return {
        statements[row].id or 0: float(share)
        for row, share in zip(found.tolist(), shares.tolist(), strict=True)
    }


def _quotes(session: Session, keys: Sequence[int]) -> dict[int, str]:
    details = store.statement_details(session, list(keys))
    return {key: " ".join(found.text.split())[:LONGEST] for key, found in details.items()}


def _names(session: Session, keys: Iterable[int]) -> dict[int, str]:
    """Return how each statement is named on the command line: SOURCE:ID#n."""
    details = store.statement_details(session, list(keys))
    return {key: f"{said.source}:{said.external_id}#{said.ordinal}" for key, said in details.items()}


def group_items(session: Session, number: int, place: int) -> list[str]:
    """Return the statements of a topic's n-th suggested group, as they are named; raises `InputError`."""
    groups = suggestion(session, number)["groups"]
    if not 1 <= place <= len(groups):
        raise InputError(f"--group: T-{number} falls into {len(groups)} groups; see: topics split T-{number}")
    return list(groups[place - 1]["items"])
