"""How well a labelled file is gathered into topics: our pipeline and the baselines on the same stream.

Our part is what `replay` does: the real pipeline on a scratch database, each item one statement, every kind
forming topics. The baselines get the vectors that our topics are made of, and the same texts.
"""

from __future__ import annotations

import dataclasses
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bridge.errors import InputError
from bridge.labelled import Labelled
from bridge.replay import Given, Wanted, play, take_in
from connectors import JSON, Checkpoint, Event, Health, Info, Message, Upsert
from topics.baselines import BASELINES, warm_up
from topics.measures import Measures, Snapshot, measure
from topics.streams import Arrival, arrival

if TYPE_CHECKING:
    from bridge.app import App
    from bridge.pipeline.context import Progress
    from topics.classify import KindClassifier
    from topics.encoders.base import Encoder
    from topics.records import KindScore

OURS = "feedback-bridge"
TOPIC_STEPS = ("assign", "discover")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One way to make topics, played with one seed.

    `seconds` are for topics alone, vectors ready; `whole_seconds` for the whole pipeline (None for a
    baseline, and where vectors and kinds were known from an earlier seed). `peak_mb` is the most memory the
    process held meanwhile.
    """

    name: str
    seed: int
    measures: Measures
    seconds: float
    whole_seconds: float | None
    peak_mb: float

    def as_json(self) -> dict[str, Any]:
        """Return the figures in one flat row."""
        rest = {"seconds": self.seconds, "whole_seconds": self.whole_seconds, "peak_mb": self.peak_mb}
        return {"seed": self.seed, **dataclasses.asdict(self.measures), **rest}


def snapshots(path: Path) -> Iterator[Snapshot]:
    """Yield the snapshots of a stream that `replay` wrote."""
    with path.open(encoding="utf-8") as file:
        for _, rows in groupby(map(json.loads, file), key=lambda row: row["batch"]):
            yield {(row["id"], row["statement"]): row["topic"] for row in rows}


class Bench:
    """A labelled file and what its streams are played with; each text gets its vector and kind once."""

    def __init__(
        self,
        app: App,
        labelled: Labelled,
        *,
        shape: str,
        batches: int,
        vectors: Path | None = None,
        progress: Progress,
    ) -> None:
        if len(labelled.messages) < batches:
            raise InputError(f"--batches: {batches} batches, but only {len(labelled.messages)} items")
        self.labelled = labelled
        self.app, self._progress = app, progress
        self._shape, self._batches = shape, batches
        self._table = _given_table(vectors, labelled) if vectors else None
        self.encoder = None if vectors else Remembering(app.encoder)
        self._classifier = Told(app.classifier)
        self._is_fresh = True

    def play(self, name: str, seed: int) -> Played:
        """Play the stream of a seed in one way: `OURS` or one of `BASELINES`."""
        labels = [self.labelled.label_of(message) for message in self.labelled.messages]
        try:
            stream = arrival(self._shape, labels, batches=self._batches, seed=seed)
        except ValueError as error:
            raise InputError(f"--shape: {error}") from error
        self._progress.step(f"{name}, seed {seed}", 0, None)
        return self._ours(stream, seed) if name == OURS else self._baseline(name, stream, seed)

    def _ours(self, stream: Arrival, seed: int) -> Played:
        watch = Watch()
        with tempfile.TemporaryDirectory(prefix="feedback-bridge-eval-") as folder:
            here = Path(folder)
            given = None
            if self._table is not None:
                np.save(here / "vectors.npy", self._table[list(stream.order)])
                given = Given(here / "vectors.npy")
            scratch = self.app.scratch(here / "eval.db", given or self.encoder)
            scratch.__dict__["classifier"] = self._classifier
            context = scratch.context(
                progress=Batches(self._progress, f"{OURS}, seed {seed}"),
                all_kinds=True,
                whole=True,
                given=given,
                backlog=stream.backlog,
            )
            source = InOrder([self.labelled.messages[row] for row in stream.order])
            total = take_in(context, source, Wanted(id=True, at=False, author=False))
            report = play(context, total, stream.sizes, here / "out.jsonl")
            scratch.database.close()
            peak = watch.peak_mb()
            found = measure(snapshots(here / "out.jsonl"), self.labelled.labels, stream.silence)
        whole = round(sum(batch["seconds"] for batch in report["batches"]), 3)
        first, self._is_fresh = self._is_fresh, False
        return Played(
            name=OURS,
            seed=seed,
            measures=found,
            seconds=round(sum(b["steps"].get(s, 0.0) for b in report["batches"] for s in TOPIC_STEPS), 3),
            whole_seconds=whole if first else None,
            peak_mb=peak,
        )

    def _baseline(self, name: str, stream: Arrival, seed: int) -> Played:
        texts, vectors = self.meaning()
        order = list(stream.order)
        names = [self.labelled.messages[row].external_id for row in order]
        warm_up(name)
        watch = Watch()
        after_each = []
        rows = BASELINES[name](vectors[order], [texts[row] for row in order], stream.sizes, seed)
        for number, topics in enumerate(rows, 1):
            after_each.append({(names[n], 1): topic for n, topic in enumerate(topics)})
            self._progress.step(f"{name}, seed {seed}", number, len(stream.sizes))
        seconds, peak = watch.seconds(), watch.peak_mb()
        return Played(
            name=name,
            seed=seed,
            measures=measure(after_each, self.labelled.labels, stream.silence),
            seconds=seconds,
            whole_seconds=None,
            peak_mb=peak,
        )

    def meaning(self) -> tuple[list[str], NDArray[np.float32]]:
        """Return each message's text as the encoder reads it, and its vector, of length one."""
        self._is_fresh = False
        from topics.encoders.base import unit_rows
        from topics.normalise import normalise, plain

        texts = [plain(normalise(message.text).text) for message in self.labelled.messages]
        if self.encoder is None:
            return texts, unit_rows(np.asarray(self._table, np.float32))
        vectors = self.encoder.encode(texts).copy()
        for block in self.encoder.blocks:
            vectors[:, block.start : block.stop] *= block.weight
        return texts, unit_rows(vectors)


def _given_table(path: Path, labelled: Labelled) -> NDArray[Any]:
    given = Given(path)
    given.check(labelled.rows)
    table: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)[list(labelled.places)]
    return table


class Remembering:
    """An encoder that encodes no text twice."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, NDArray[np.float32]] = {}
        self.model_id, self.revision = encoder.model_id, encoder.revision
        self.dimension, self.blocks, self.languages = encoder.dimension, encoder.blocks, encoder.languages

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row a text."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for start in range(0, len(new), 500):
            part = new[start : start + 500]
            self._known.update(zip(part, self._encoder.encode(part), strict=True))
        return np.array([self._known[text] for text in texts], np.float32).reshape(len(texts), self.dimension)


class Told:
    """A classifier of kinds that tells no text twice; each text is read by itself, so nothing changes."""

    def __init__(self, classifier: KindClassifier) -> None:
        self._classifier = classifier
        self._known: dict[str, KindScore] = {}
        self.uses = classifier.uses
        self.model_id, self.revision = classifier.model_id, classifier.revision

    def predict(self, texts: Sequence[str], vectors: Any = None) -> list[KindScore]:
        """Return the kind of each text; `vectors` are a table, tables by block, or None."""
        places = {text: row for row, text in enumerate(texts) if text not in self._known}
        if places:
            rows = list(places.values())
            if isinstance(vectors, Mapping):
                some: Any = {name: table[rows] for name, table in vectors.items()}
            else:
                some = None if vectors is None else vectors[rows]
            self._known.update(zip(places, self._classifier.predict(list(places), some), strict=True))
        return [self._known[text] for text in texts]


@dataclasses.dataclass(frozen=True, slots=True)
class InOrder:
    """A source that gives messages in the order that they are to arrive in."""

    info: ClassVar[Info] = Info(channel="eval", title="A labelled file", summary="Items in a given order.")

    messages: Sequence[Message]

    def check(self) -> Health:
        """Say how many there are."""
        return Health(ok=True, message=f"{len(self.messages)} items")

    def pull(self, cursor: JSON | None) -> Iterator[Event]:  # noqa: ARG002 - read once, from the beginning
        """Yield all messages."""
        yield from map(Upsert, self.messages)
        yield Checkpoint(None)


@dataclasses.dataclass(frozen=True, slots=True)
class Batches:
    """Progress that tells of whole batches only."""

    progress: Progress
    name: str

    def step(self, name: str, done: int, total: int | None) -> None:
        """Say how many batches are played."""
        if name == "batch":
            self.progress.step(self.name, done, total)


class Watch:
    """Seconds and peak memory since it was made."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        try:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew (Linux)
        except OSError:  # then it is the peak of the process so far
            return

    def seconds(self) -> float:
        """Return the seconds since the start."""
        return round(time.perf_counter() - self._started, 3)

    def peak_mb(self) -> float:
        """Return the most memory that this process held, in MB."""
        try:
            status = Path("/proc/self/status").read_text(encoding="ascii")
            kilobytes = int(status.partition("VmHWM:")[2].split()[0])
        except (OSError, IndexError):
            kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return round(kilobytes / 1024, 1)


def means(rows: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return the mean of each figure over the seeds; None where it is absent in all."""
    return {name: _mean([row[name] for row in rows]) for name in rows[0] if name != "seed"}


def spreads(rows: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return the standard deviation of each figure over the seeds; None with fewer than two."""
    least = 2
    return {
        name: round(statistics.stdev(values), 6) if len(values) >= least else None
        for name in rows[0]
        if name != "seed"
        for values in [[row[name] for row in rows if row[name] is not None]]
    }


def _mean(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return round(statistics.fmean(there), 6) if there else None
