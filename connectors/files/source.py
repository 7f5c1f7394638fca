"""The files connector: feedback in files, one or a folder of them, as a source."""

from __future__ import annotations

import glob
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from connectors import JSON, Event, Gap, Health, Info, Rejected
from connectors.errors import BadSettings, ConnectorError, Gone, Transient
from connectors.files.encoding import REPLACEMENT, named
from connectors.files.plan import Plan, Wishes, make_plan
from connectors.files.presets import preset_named
from connectors.files.progress import Progress, Seen
from connectors.files.snapshot import Snapshot, opened
from connectors.files.tables import SUFFIXES, open_table
from connectors.items import check_columns, check_rating_max, check_staff
from connectors.rows import Broken, Cut, Row
from connectors.times import zone_named

CHECKPOINT_ROWS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Feedback in CSV, TSV, JSON Lines, JSON, XLSX or transcript files.

    Raises `BadSettings` when made with settings that can't work.
    """

    info: ClassVar[Info] = Info(
        channel="files",
        title="Files",
        summary="CSV, TSV, JSON Lines, JSON, XLSX and call transcripts: one file, or a folder that fills.",
        extra="xlsx",
    )

    path: str
    columns: Mapping[str, str] = field(default_factory=dict)
    preset: str | None = None
    timezone: str = "UTC"
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    rating_max: float | None = None
    staff: Sequence[str] = ()
    now: datetime | None = None

    def __post_init__(self) -> None:
        _check_types(self)
        zone_named(self.timezone)
        if self.preset is not None:
            preset_named(self.preset)
        if self.encoding is not None:
            named(self.encoding)

    def check(self) -> Health:
        """Say whether the first file can be read and how its columns would be understood."""
        try:
            lines = self.explain()
        except ConnectorError as error:
            return Health(ok=False, message=str(error))
        return Health(ok=True, message="; ".join(lines))

    def explain(self) -> list[str]:
        """Return lines for people on how the first file would be read; raises `ConnectorError`."""
        paths = self._paths()
        if not paths:
            return [f"{self.path} has no files yet"]
        with opened(paths[0]) as snapshot:
            first, *rest = self._plan(snapshot).describe()
        more = [f"and {len(paths) - 1} more files"] if len(paths) > 1 else []
        return [f"{paths[0].name}: {first}", *rest, *more]

    def pull(self, cursor: JSON | None) -> Iterator[Event]:
        """Yield what is in the files and wasn't at the cursor, with a checkpoint every 500 rows.

        A file that can't be read raises its `ConnectorError`; in a folder it is set aside as `Rejected`
        until it changes, and the others go on.
        """
        progress = Progress.of(cursor)
        paths = self._paths()
        for path in paths:
            if self._is_single():
                yield from self._pull_file(path, progress, "")
            else:
                yield from self._pull_one_of_many(path, progress)
        progress.keep(map(str, paths))
        yield progress.checkpoint()

    def _pull_one_of_many(self, path: Path, progress: Progress) -> Iterator[Event]:
        try:
            yield from self._pull_file(path, progress, f"{path.name} ")
        except (BadSettings, Gone) as error:
            status = path.stat() if path.exists() else None
            size, mtime = (status.st_size, status.st_mtime_ns) if status else (0, 0)
            seen = Seen(
                size=size, mtime=mtime, sha="", row=0, done=True, settings=self._settings(), how="unreadable"
            )
            progress.files[str(path)] = seen
            yield Rejected(path.name, str(error), "")

    def _pull_file(self, path: Path, progress: Progress, place: str) -> Iterator[Event]:
        before = progress.files.get(str(path))
        with opened(path) as snapshot:
            if before and _is_same(before, snapshot, self._settings()):
                return
            try:
                plan = self._plan(snapshot)
                reader = _Reader(plan, snapshot, place + plan.table.place)
                seen, start = self._begin(snapshot, plan, before)
                for row, event in reader.events(start):
                    yield event
                    if reader.count % CHECKPOINT_ROWS == 0 and row:
                        progress.files[str(path)] = replace(seen, row=row)
                        yield progress.checkpoint()
            except UnicodeError as error:
                raise BadSettings(
                    f"{path} can't be read as {self.encoding}: {error}; leave encoding out"
                ) from error
            except OSError as error:
                raise Transient(f"{path} can't be read now: {error}; tried again at the next pull") from error
            progress.files[str(path)] = replace(seen, row=max(start, reader.last), done=not reader.is_cut)
        yield progress.checkpoint()

    def _begin(self, snapshot: Snapshot, plan: Plan, before: Seen | None) -> tuple[Seen, int]:
        """Return what to remember of the file and the record after which to go on; 0 for all of it."""
        seen = Seen(
            size=snapshot.size,
            mtime=snapshot.mtime,
            sha=snapshot.digest(snapshot.size),
            row=0,
            done=False,
            settings=self._settings(),
            how=plan.how(),
        )
        if before is None or before.how != seen.how or snapshot.digest(before.size) != before.sha:
            return seen, 0
        was_open = before.done and snapshot.size > before.size and not snapshot.ends_line_at(before.size)
        return seen, max(0, before.row - was_open)

    def _plan(self, snapshot: Snapshot) -> Plan:
        preset = preset_named(self.preset) if self.preset else None
        table = open_table(
            snapshot,
            encoding=self.encoding,
            delimiter=self.delimiter,
            sheet=self.sheet,
            known=(preset.known() if preset else frozenset()) | {c.casefold() for c in self.columns.values()},
            is_spoken=bool(preset and preset.has_turns),
        )
        wishes = Wishes(
            columns=self.columns,
            preset=preset,
            timezone=self.timezone,
            now=self.now.astimezone(UTC) if self.now else None,
            rating_max=self.rating_max,
            staff=frozenset(name.lstrip("@").casefold() for name in self.staff),
        )
        return make_plan(table, wishes)

    def _is_single(self) -> bool:
        return not _is_pattern(self.path) and not Path(self.path).is_dir()

    def _paths(self) -> list[Path]:
        """Return the files in the order of their names; raises `Gone` if nothing fits a pattern."""
        path = Path(self.path)
        try:
            if _is_pattern(self.path):
                found = sorted(Path(name) for name in glob.glob(self.path, recursive=True))  # noqa: PTH207 - a pattern may be absolute
                files = [one for one in found if one.is_file()]
                if not files:
                    raise Gone(
                        f"no file fits {self.path!r}; check the path, or name a folder that may be empty"
                    )
                return files
            if not path.is_dir():
                return [path]
            return sorted(one for one in path.iterdir() if _is_ours(one))
        except PermissionError as error:
            raise BadSettings(f"{self.path} can't be listed: give this user permission to read it") from error

    def _settings(self) -> str:
        """Return a digest of what changes the reading; the time of import doesn't."""
        names = ("preset", "timezone", "encoding", "delimiter", "sheet", "rating_max")
        values: list[Any] = [getattr(self, name) for name in names]
        values += [dict(self.columns), sorted(self.staff)]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


class _Reader:
    """The events of one file, and what to say at its end."""

    def __init__(self, plan: Plan, snapshot: Snapshot, place: str) -> None:
        self._plan, self._snapshot, self._place = plan, snapshot, place
        self._damaged = 0
        self.count = self.last = 0
        self.is_cut = False

    def events(self, start: int) -> Iterator[tuple[int, Event]]:
        """Yield each event with the record it completes (0: none)."""
        for row in self._plan.rows(start):
            if isinstance(row, Cut):
                self.is_cut = True
                break
            self.count += 1
            self.last = row.end
            yield row.end, self._event(row)
        for why in self._notices():
            yield 0, Gap(None, None, why)

    def _event(self, row: Row | Broken) -> Event:
        where = f"{self._place}row {row.number}"
        if isinstance(row, Broken):
            return Rejected(where, row.reason, row.raw)
        self._damaged += any(REPLACEMENT in cell for cell in row.cells.values())
        return self._plan.maker.event(row, where)

    def _notices(self) -> Iterator[str]:
        name = self._snapshot.path.name
        if self.is_cut:
            yield f"{name} was still being written: its last row is cut and was left out; import it again"
        if self._snapshot.shrank():
            self.is_cut = True
            yield f"{name} became shorter while it was read, rows may be missing; import it again"
        if self._damaged:
            yield (
                f"{name}: {self._damaged} rows hold characters that can't be read, shown as {REPLACEMENT};"
                " save the file as UTF-8, or set its encoding"
            )


def _is_same(before: Seen, snapshot: Snapshot, settings: str) -> bool:
    same = (before.size, before.mtime, before.settings) == (snapshot.size, snapshot.mtime, settings)
    return same and before.done


def _is_pattern(path: str) -> bool:
    return glob.has_magic(path) and not Path(path).exists()


def _is_ours(path: Path) -> bool:
    return path.suffix.casefold() in SUFFIXES and not path.name.startswith((".", "~$")) and path.is_file()


def _check_types(files: Files) -> None:
    for name in ("path", "preset", "timezone", "encoding", "delimiter", "sheet"):
        value = getattr(files, name)
        if not isinstance(value, str) and not (value is None and name not in {"path", "timezone"}):
            raise BadSettings(f"{name} = {value!r} is not text; write it in quotation marks")
    if not files.path.strip() or "\0" in files.path:
        raise BadSettings(f"path = {files.path!r} names no file; write a file, a folder or a pattern")
    check_columns(files.columns)
    check_staff(files.staff)
    check_rating_max(files.rating_max)
    if files.now is not None and files.now.tzinfo is None:
        raise BadSettings("now has no time zone; pass an aware datetime")
