from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from builders import Bench, item, sixty
from letterbox import webhook

from bridge.errors import SendError, StoreError
from bridge.jobs import duties as module
from bridge.jobs.backups import back_up, copies
from bridge.jobs.duties import Duties
from bridge.models import Run
from bridge.pipeline.context import Context
from bridge.pipeline.pulling import Pulled
from bridge.store.database import Database
from bridge.store.intake import Counts
from bridge.store.sqlite import Sqlite
from tests.bridge.jobs.conftest import START

SOURCE = """
[[source]]
name = "reviews"
connector = "files"
path = "reviews.csv"
every = "15m"
[[source]]
name = "old"
connector = "files"
path = "old.csv"
paused = true
"""

NIGHTLY = ["audit", "backup", "tidy", "recluster"]


def duties(bench: Bench) -> Duties:
    def pull(_: Context, name: str) -> Sequence[Pulled]:
        return [Pulled(source=name, counts=Counts(), error=f"{name}: no such file")]

    return Duties(bench.context, pull)


def test_each_source_that_is_not_paused_has_a_job_in_front_of_the_others(bench: Bench):
    bench.set(SOURCE)

    jobs = duties(bench).jobs()

    assert [job.name for job in jobs] == ["pull reviews", "run", "read", "sync", *NIGHTLY]
    assert jobs[0].every == timedelta(minutes=15)
    assert [job.hour for job in jobs] == [None] * 4 + [2] * 4
    assert [job.name for job in jobs if job.gives_way] == ["run"]


def test_without_backups_and_reclustering_there_are_no_such_jobs(bench: Bench):
    bench.set('[serve]\nbackups = 0\nrecluster = "off"\n')

    assert [job.name for job in duties(bench).jobs()] == ["run", "read", "sync", "audit", "tidy"]


def test_a_source_that_failed_is_told(bench: Bench):
    bench.set(SOURCE)

    assert duties(bench).jobs()[0].do().error == "reviews: no such file"


def test_the_steps_are_done_when_something_waits_and_once_a_day(bench: Bench):
    bench.take(sixty())
    run = duties(bench).run_steps

    first, again = run(), run()
    bench.take([item("the gate was changed twice", "new")])
    news = run()

    assert first.counts["items"] == 60
    assert again.counts == {"waiting": 0}
    assert news.counts["items"] >= 1
    assert news.error is None
    assert run().counts == {"waiting": 0}


def test_a_run_that_was_cut_off_is_done_again_though_nothing_waits(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    from bridge.pipeline import run as pipeline

    bench.take(sixty())
    run = duties(bench).run_steps
    with monkeypatch.context() as patch:
        patch.setitem(pipeline._PLAIN, "label", lambda _: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            run()

    again = run()

    assert again.counts["labelled"] >= 1
    assert run().counts == {"waiting": 0}


def test_a_sync_that_failed_is_no_reason_to_do_the_steps_again(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    from bridge.pipeline import deciding

    bench.take(sixty())
    duties(bench).run_steps()
    with monkeypatch.context() as patch:
        patch.setattr(deciding, "decide_all", lambda _: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            duties(bench).sync()

    assert duties(bench).run_steps().counts == {"waiting": 0}


def test_a_sync_decides_and_tells_its_counts(in_topics: Bench):
    in_topics.set('[policy]\nmode = "automatic"\ncreate_when = { people = 3, within_days = 90 }\n')

    first = duties(in_topics).sync()
    second = duties(in_topics).sync()

    assert first.counts["created"] >= 1
    assert "created" not in second.counts
    assert duties(in_topics).audit().counts == {"doubled": 0}


def test_where_changes_are_ticked_by_people_a_sync_decides_and_sends_nothing(in_topics: Bench):
    in_topics.set(
        '[policy]\nmode = "automatic"\ncreate_when = { people = 3, within_days = 90 }\n'
        '[serve]\napply = "ticked"\n'
    )

    first = duties(in_topics).sync()

    assert first.error is None
    assert in_topics.query("SELECT count(*) FROM ticket WHERE state = 'approved'")[0][0] >= 1
    assert in_topics.query("SELECT count(*) FROM backlog_issue") == [(0,)]
    assert in_topics.query("SELECT count(*) FROM intent") == [(0,)]


def test_an_audit_tells_of_a_broken_chain(in_topics: Bench):
    duties(in_topics).sync()
    with in_topics.database.writing() as session:
        session.connection().exec_driver_sql("UPDATE audit SET verb = 'forged' WHERE id = 1")

    assert "audit row 1 does not fit" in (duties(in_topics).audit().error or "")


def test_a_backup_is_whole_has_its_checksum_and_old_ones_go(database: Database, tmp_path: Path):
    folder = tmp_path / "backups"
    for night in range(5):
        back_up(database, folder, 3, START + timedelta(days=night))
    (folder / "mine.db").write_text("not ours")
    outcome = back_up(database, folder, 3, START + timedelta(days=9))

    kept = copies(folder)
    assert [file.name[7:15] for file in kept] == ["20260304", "20260305", "20260310"]
    assert (outcome.counts["kept"], outcome.counts["cleared"]) == (3, 1)
    assert len(list(folder.iterdir())) == 7
    digest = hashlib.sha256(kept[-1].read_bytes()).hexdigest()
    assert kept[-1].with_name(kept[-1].name + ".sha256").read_text() == f"{digest}  {kept[-1].name}\n"
    restored = Database(f"sqlite:///{kept[-1]}")
    assert restored.revision() == database.revision()
    restored.close()


def test_a_copy_that_is_not_whole_is_no_backup_and_older_ones_stay(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "backups"
    back_up(database, folder, 1, START)
    real = Sqlite.copy_into

    def torn(store: Sqlite, target: Path) -> None:
        real(store, target)
        target.write_bytes(b"\0" * target.stat().st_size)

    monkeypatch.setattr(Sqlite, "copy_into", torn)
    with pytest.raises(StoreError, match="the copy is not whole"):
        back_up(database, folder, 1, START + timedelta(days=1))

    assert [file.name[7:15] for file in copies(folder)] == ["20260301"]


def test_without_room_no_copy_is_begun(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))

    with pytest.raises(StoreError, match="make room"):
        back_up(database, tmp_path / "backups", 7, START)

    assert copies(tmp_path / "backups") == []


def test_of_a_flood_the_newest_wave_is_worked_on_first(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "WAVE", 20)
    bench.take(sixty())
    newest = [name for (name,) in bench.query("SELECT external_id FROM item ORDER BY sort_key DESC")]
    run = duties(bench).run_steps

    first = run()
    done = bench.query("SELECT external_id FROM item WHERE stage = 4 ORDER BY sort_key DESC")

    assert (first.more, [name for (name,) in done]) == (True, newest[:20])
    assert (run().more, run().more) == (True, False)
    assert bench.query("SELECT count(*) FROM item WHERE stage < 4") == [(0,)]
    assert run().counts == {"waiting": 0}


def test_a_flood_in_waves_ends_with_every_statement_judged(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "WAVE", 25)
    bench.take(sixty())
    run = duties(bench).run_steps
    while run().more:
        pass

    assert bench.query("SELECT count(*) FROM statement WHERE stage < 3") == [(0,)]
    assert {row["topic"] for row in bench.rows() if row["item"].startswith("repost")} == {
        bench.topic_of("bag-003")
    }


def test_what_became_of_our_issues_is_read_and_asks_for_a_sync(in_topics: Bench):
    in_topics.set('[policy]\nmode = "automatic"\ncreate_when = { people = 3, within_days = 90 }\n')
    duties(in_topics).sync()
    read = next(job for job in duties(in_topics).jobs() if job.name == "read")
    read.do()
    with in_topics.database.writing() as session:
        session.connection().exec_driver_sql("UPDATE backlog_issue SET state = 'done' WHERE id = 1")

    outcome = read.do()

    assert outcome.counts["looked"] >= 1
    assert outcome.counts["changed"] == 1
    assert read.then == "sync"
    assert read.brings_news(outcome)
    assert not read.brings_news(read.do())


def test_a_nightly_look_at_all_topics_changes_nothing_unless_it_may(in_topics: Bench):
    before = in_topics.picture()
    looked = duties(in_topics).recluster()

    assert looked.counts["statements"] > 40
    assert in_topics.picture() == before

    in_topics.set('serve.recluster = "apply"\n')
    applied = duties(in_topics).recluster()
    assert set(applied.counts) >= {"statements", "joined", "born", "split", "merged"}


def test_runs_are_forgotten_after_their_time(in_topics: Bench):
    duties(in_topics).sync()
    kept = in_topics.query("SELECT count(*) FROM run")[0][0]
    with in_topics.database.writing() as session:
        session.add(Run(started_at=in_topics.now - timedelta(days=91), as_of=in_topics.now, state="ok"))
        session.add(Run(started_at=in_topics.now - timedelta(days=89), as_of=in_topics.now, state="ok"))

    assert duties(in_topics).tidy().counts == {"forgotten": 1}
    assert in_topics.query("SELECT count(*) FROM run") == [(kept + 1,)]


def test_there_is_a_digest_to_send_once_a_way_out_is_set(bench: Bench):
    bench.set('[digest]\nfolder = "digests"\nevery = "7d"\nweekday = "sunday"\nhour = 12\n')

    job = next(job for job in duties(bench).jobs() if job.name == "digest")

    assert job.every == timedelta(days=7)
    assert job.first_due(START) == START + timedelta(days=7)
    assert job.first_due(START - timedelta(minutes=1)) == START


def test_a_digest_that_was_refused_is_a_job_that_failed(in_topics: Bench, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    in_topics.set(f'[digest]\nfolder = "{tmp_path}/file"\nevery = "28d"\n')

    with pytest.raises(SendError, match=r"folder: .*can't be written"):
        duties(in_topics).digest()


def test_a_digest_in_doubt_is_told_and_not_tried_again(in_topics: Bench):
    with webhook(answer=500) as hook:
        in_topics.set(f'[digest]\nslack_url = "{hook.url}"\nevery = "28d"\n')
        first, again = duties(in_topics).digest(), duties(in_topics).digest()

    assert first.counts == {"in doubt": 1}
    assert "is not sent again" in (first.error or "")
    assert (again.counts, again.error) == ({}, None)
    assert len(hook.posted) == 1
