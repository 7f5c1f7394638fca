"""From raw text to statements: the steps `normalise` and `statements`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from bridge.models import WORKSPACE, Item, Statement
from bridge.pipeline.context import SLICE, Context
from bridge.pipeline.trying import Queue, slices_of
from bridge.store import slices
from bridge.store.intake import drop_statements
from topics.near import exact
from topics.normalise import Clean, plain
from topics.normalise import normalise as clean_text
from topics.records import Span
from topics.roles import signals
from topics.statements import split_many


def normalise(context: Context) -> dict[str, int]:
    """Clean each new item's text and read off it what can be read."""
    done = 0
    for tried in slices_of(context, Queue("normalise", "item", slices.PULLED, SLICE)):
        with tried as ids:
            with context.database.reading() as session:
                items = slices.items(session, ids)
                raw = slices.raw_texts(session, ids)
            rows = [_normalised(context, item, raw.get(item.id or 0, "")) for item in items]
            with context.database.writing() as session:
                slices.advance(session, rows)
            done += len(ids)
    return {"items": done}


def _normalised(context: Context, item: Item, raw: str) -> dict[str, Any]:
    clean: Clean = clean_text(raw, is_html=item.is_html, is_mail=item.is_mail)
    short = plain(clean.text)
    said = signals(clean.text)
    return {
        "id": item.id,
        "revision": item.revision,
        "text": clean.text,
        "lang": item.lang if item.lang_given else context.detector().detect(short)[0],
        "repost_handle": clean.repost_of,
        "mentions_handles": f" {' '.join(said.addressed)} " if said.addressed else "",
        "signals": said.mask,
        "exact": exact(short),
        "stage": slices.NORMALISED,
    }


def statements(context: Context) -> dict[str, int]:
    """Split each item into its statements; those that an edit left as they were keep their places."""
    done = made = 0
    for tried in slices_of(context, Queue("statements", "item", slices.NORMALISED, SLICE)):
        with tried as ids:
            made += _split_slice(context, ids)
            done += len(ids)
    return {"items": done, "statements": made}


def _split_slice(context: Context, ids: Sequence[int]) -> int:
    """Split these items; return how many statements are new."""
    with context.database.reading() as session:
        items = slices.items(session, ids)
        before = slices.statements_of(session, ids)
    spans = _split(context, items)
    kept: list[dict[str, Any]] = []
    fresh: list[dict[str, Any]] = []
    for item, parts in zip(items, spans, strict=True):
        _match(context, item, parts, before[item.id or 0], kept, fresh)
    read = {item.id: item.revision for item in items}
    with context.database.writing() as session:
        now = slices.revisions_at(session, ids, slices.NORMALISED)
        still = [key for key in ids if now.get(key, "") == read.get(key)]
        if len(still) == len(ids):
            drop_statements(session, ids, keep=[row["id"] for row in kept])
            slices.write(session, Statement, [{"id": row["id"], "ordinal": -row["id"]} for row in kept])
            slices.write(session, Statement, kept)
            slices.add(session, Statement, fresh)
            slices.advance(session, [{"id": key, "stage": slices.SPLIT} for key in ids])
            return len(fresh)
    return _split_slice(context, still) if still else 0  # some were changed, or another worker split them


def _split(context: Context, items: Sequence[Item]) -> list[list[Span]]:
    if context.whole:
        return [[Span(0, len(item.text), item.text)] for item in items]
    found = split_many([item.text for item in items], [item.lang for item in items])
    return [parts or [Span(0, len(item.text), item.text)] for item, parts in zip(items, found, strict=True)]


def _match(
    context: Context,
    item: Item,
    parts: Sequence[Span],
    before: Sequence[Statement],
    kept: list[dict[str, Any]],
    fresh: list[dict[str, Any]],
) -> None:
    """Give each part its row: an old statement of the same text, or a new one."""
    old: dict[str, list[Statement]] = {}
    for statement in before:
        old.setdefault(statement.text, []).append(statement)
    for ordinal, part in enumerate(parts, 1):
        place = {
            "ordinal": ordinal,
            "start": part.start,
            "stop": part.end,
            "sort_key": f"{item.sort_key}|{ordinal:04}",
        }
        same = old.get(part.text)
        if same:
            statement = same.pop(0)
            stage = min(statement.stage, slices.EMBEDDED)  # who said it, and when, may have changed too
            kept.append({"id": statement.id, **place, "stage": stage})
        else:
            fresh.append({**place, **_fresh(context, item, part.text)})


def _fresh(context: Context, item: Item, text: str) -> dict[str, Any]:
    short = plain(text)
    key = hashlib.sha256(short.encode(errors="surrogatepass")).hexdigest()[:32]
    return {
        "workspace_id": WORKSPACE,
        "item_id": item.id,
        "text": text,
        "plain": short,
        "text_hash": context.given.key(item.external_id) if context.given else key,
        "stage": slices.NEW,
        "kind_scores": {},
    }
