"""Are real duplicates found: for each pair of one group, is each among the five nearest texts of the other?

By vectors alone, by words alone and by both, as `topics.similar.nearest_texts` has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

from sets import table

TOP = 5


def figures(data: Path, _method: str, rows: int | None) -> dict[str, Any]:
    """Return the share of ordered pairs in which the second is among the five nearest of the first."""
    from bridge.app import App
    from topics.embed import encode_distinct
    from topics.similar import own_words

    issues = table(data / "seamonkey_issues.csv")[:rows]
    places = {row["issue_id"]: place for place, row in enumerate(issues)}
    groups: dict[str, list[int]] = {}
    for row in table(data / "seamonkey_duplicate_groups.csv"):
        if row["issue_id"] in places:
            groups.setdefault(row["group"], []).append(places[row["issue_id"]])
    texts = [f"{row['summary']}\n{row['text']}" for row in issues]
    said = own_words(texts)
    encoder = App().encoder
    titles = encode_distinct(encoder, [text.partition("\n")[0] for text in said])
    whole = encode_distinct(encoder, said)
    nothing = [""] * len(said)
    return {
        "issues": len(issues),
        "pairs": sum(len(group) * (len(group) - 1) for group in groups.values()),
        "vectors of titles": _share(nothing, [titles], groups),
        "vectors of texts": _share(nothing, [whole], groups),
        "vectors of both": _share(nothing, [titles, whole], groups),
        "words": _share(said, [], groups),
        "words and vectors": _share(said, [titles, whole], groups),
    }


def _share(texts: Sequence[str], views: Sequence[Any], groups: Mapping[str, Sequence[int]]) -> float:
    from topics.similar import nearest_texts

    members = sorted(member for group in groups.values() for member in group)
    found = nearest_texts(texts, views, of=members, top=TOP)
    near = {one: {row for row, _ in others} for one, others in zip(members, found, strict=True)}
    pairs = [pair for group in groups.values() for pair in permutations(group, 2)]
    return round(sum(other in near[one] for one, other in pairs) / max(len(pairs), 1), 4)
