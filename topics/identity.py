"""Lineage: today's clusters against the lasting topics. Pure; ids are never renamed or renumbered here.

The heir of a topic is the cluster that holds most of its members. A cluster that is heir to one topic
continues it; to several, they have merged; a cluster that holds mostly one topic's members without being its
heir is a part split from it; a cluster of mostly free statements is born. A topic has merged only where at
least half of it went; one that is in no cluster of its own any more, but not in another's either, is unseen
and stays as it is. Topics of which nothing was looked at rest. Each topic is in exactly one of continued,
merged into another, unseen and dormant.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

CLAIM = 0.2
"""A topic that brings a smaller share of a cluster than this has no claim to it."""
HOME = 0.5
"""A topic has merged where at least this share of it went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """What became of each topic and each cluster. Clusters are known by their present number only."""

    continued: Mapping[int, int]  # topic → cluster
    born: tuple[int, ...]  # clusters
    split: Mapping[int, tuple[int, ...]]  # topic → clusters that left it
    merged: Mapping[int, tuple[int, ...]]  # cluster → its topics, the oldest first
    dormant: tuple[int, ...]  # topics
    unseen: tuple[int, ...] = ()  # topics that were looked at, but are no cluster's


def lineage(topics: Mapping[int, int], clusters: Mapping[int, int], live: frozenset[int]) -> Lineage:
    """Compare. `topics` and `clusters` give each statement's topic and cluster; missing or 0/-1 is none.

    `live` are all topics; those without a member in `topics` are dormant.
    """
    members: dict[int, Counter[int]] = defaultdict(Counter)
    for key, cluster in clusters.items():
        if cluster >= 0:
            members[cluster][topics.get(key, 0)] += 1
    heirs = _heirs(members)
    claims: dict[int, list[int]] = defaultdict(list)
    for topic, cluster in sorted(heirs.items()):
        if members[cluster][topic] >= CLAIM * members[cluster].total():
            claims[cluster].append(topic)
    sizes = Counter(topics.values())
    home = {
        cluster: [topic for topic in owners if members[cluster][topic] >= HOME * sizes[topic]]
        for cluster, owners in claims.items()
    }
    continued = {
        (home[cluster] or _largest(members[cluster], owners))[0]: cluster
        for cluster, owners in claims.items()
    }
    born, split = [], defaultdict(list)
    for cluster in sorted(set(members) - set(claims)):
        parent = members[cluster].most_common(1)[0][0]
        if parent == 0:
            born.append(cluster)
        elif parent in continued:
            split[parent].append(cluster)
        else:
            continued[parent] = cluster
    merged = _merged(home, continued)
    gone = {topic for owners in merged.values() for topic in owners}
    return Lineage(
        continued=dict(sorted(continued.items())),
        born=tuple(born),
        split={topic: tuple(parts) for topic, parts in sorted(split.items())},
        merged=merged,
        dormant=tuple(sorted(live - set(topics.values()))),
        unseen=tuple(sorted(set(sizes) - {0} - gone - set(continued))),
    )


def _largest(members: Counter[int], owners: list[int]) -> list[int]:
    """Return the topics of a cluster that none is at home in, the one with most members first."""
    return sorted(owners, key=lambda topic: (-members[topic], topic))


def _merged(claims: Mapping[int, list[int]], continued: Mapping[int, int]) -> dict[int, tuple[int, ...]]:
    """Return the clusters that took several topics in; a topic that goes on in another is not among them."""
    found = {
        cluster: tuple(topic for topic in owners if continued.get(topic, cluster) == cluster)
        for cluster, owners in sorted(claims.items())
    }
    return {cluster: owners for cluster, owners in found.items() if len(owners) > 1}


def _heirs(members: Mapping[int, Counter[int]]) -> dict[int, int]:
    """Return, for each topic, the cluster that holds most of its members; of equal ones the first."""
    best: dict[int, tuple[int, int]] = {}
    for cluster in sorted(members):
        for topic, count in members[cluster].items():
            if topic and count > best.get(topic, (0, 0))[0]:
                best[topic] = (count, cluster)
    return {topic: cluster for topic, (_, cluster) in best.items()}
