from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from builders import NOW, sixty
from command import Desk

DAY = f"{NOW:%Y-%m-%d}"


def table(path: Path, count: int = 60) -> Path:
    """Write the sixty items as a user's file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Nr", "Body", "When", "Who"])
        for m in sixty()[:count]:
            writer.writerow(
                [m.external_id, m.text, m.said_at.isoformat(), m.author.handle if m.author else ""]
            )
    return path


MAP = "text=Body,id=Nr,at=When,author=Who"


@pytest.fixture(scope="module")
def _prepared(tmp_path_factory: pytest.TempPathFactory):
    from quick import hurry

    root = tmp_path_factory.mktemp("full")
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch)
        cli = Desk(root, patch)
        table(root / "file.csv")
        assert cli("import", "file.csv", "--source", "mine", "--map", MAP).code == 0
        assert cli("run", "--as-of", DAY).code == 0
    return root


@pytest.fixture
def full(_prepared: Path, cli: Desk):
    """Sixty items imported and run."""
    shutil.copytree(_prepared, cli.root, dirs_exist_ok=True)
    return cli


def test_import_prints_its_counts_and_a_second_one_finds_nothing_new(cli: Desk):
    table(cli.root / "file.csv")

    first = cli("import", "file.csv", "--source", "mine", "--map", MAP)
    second = cli("import", "file.csv", "--source", "mine", "--map", MAP, "--json")

    assert first.out == "mine: 60 read, 60 new, 0 changed, 0 unchanged, 0 rejected, 0 removed\n"
    assert {k: second.data[k] for k in ("read", "new", "changed", "unchanged", "rejected")} == {
        "read": 60, "new": 0, "changed": 0, "unchanged": 60, "rejected": 0,
    }  # fmt: skip


def test_rejected_rows_are_kept_in_a_file_that_is_named(cli: Desk):
    cli.write(
        "bad.csv", "text,date\nthe wifi is slow,2026-02-01\n,2026-02-01\nthe crew was rude,yesterday-ish\n"
    )

    lax = cli("import", "bad.csv", "--source", "bad")
    strict = cli("import", "bad.csv", "--source", "bad", "--strict")

    assert (lax.code, strict.code) == (0, 4)
    assert "3 read, 1 new, 0 changed, 0 unchanged, 2 rejected" in lax.out
    named = lax.err.partition("rejected rows, with their reasons: ")[2].splitlines()[0]
    kept = [json.loads(line) for line in Path(named).read_text(encoding="utf-8").splitlines()]
    assert len(kept) == 2
    assert all(row["reason"] and row["where"] and row["raw"] for row in kept)


def test_topics_list_has_the_documented_shape(full: Desk):
    listed = full("topics", "list", "--json", "--as-of", DAY)

    assert len(listed.data) >= 3
    for topic in listed.data:
        assert list(topic) == [
            "id", "title", "kind", "state", "mentions", "reach", "first_seen", "last_seen",
            "recurrence", "trend", "ticket",
        ]  # fmt: skip
        assert list(topic["recurrence"]) == ["active_weeks", "weeks", "returns", "last_quiet_days"]
        assert list(topic["trend"]) == ["per_week", "ratio", "burst"]
        assert topic["ticket"] is None
        assert topic["id"].startswith("T-")
    reach = [topic["reach"] for topic in listed.data]
    assert reach == sorted(reach, reverse=True)


def test_topics_show_adds_keywords_nearest_evidence_and_history(full: Desk):
    shown = full("topics", "show", "T-1", "--json", "--as-of", DAY).data

    assert {"keywords", "nearest", "evidence", "history"} <= shown.keys()
    assert all(list(near) == ["topic", "score"] for near in shown["nearest"])
    assert shown["evidence"]
    assert all(
        list(quote) == ["quote", "item", "source", "author", "url", "at", "score"]
        for quote in shown["evidence"]
    )


def test_export_assignments_has_a_line_for_every_statement_in_the_documented_shape(full: Desk):
    exported = full("export", "assignments", "--format", "jsonl")

    assert len(exported.lines) == 60
    for row in exported.lines:
        assert list(row) == [
            "item", "source", "statement", "text", "kind", "kind_score", "role", "topic",
            "score", "runner_up", "reason",
        ]  # fmt: skip
    assert {row["item"] for row in exported.lines} == {m.external_id for m in sixty()}
    assert {row["source"] for row in exported.lines} == {"mine"}


def test_data_goes_to_stdout_and_words_to_stderr(full: Desk):
    empty = full("topics", "list", "--json", "--as-of", "2001-01-01")

    assert empty.out.strip() == "[]"
    assert "No topics yet" in empty.err
    assert full("tickets", "list", "--json").data


def test_the_commands_of_a_reviewer_work_together(full: Desk):
    for words in (
        ["merge", "T-2", "--into", "T-1"],
        ["rename", "T-1", "Bags"],
        ["snooze", "T-3", "--until", "2030-01-01"],
    ):
        assert full("topics", *words, "--who", "ana").code == 0

    listed = {topic["id"]: topic for topic in full("topics", "list", "--json", "--as-of", DAY).data}
    undone = full("topics", "undo", "T-3")

    assert "T-2" not in listed
    assert listed["T-1"]["title"] == "Bags"
    assert listed["T-3"]["state"] == "snoozed"
    assert undone.err == "undone: snooze T-3\n"
    assert "T-2 was merged into T-1" in full("topics", "show", "T-2", "--as-of", DAY).err


def test_approve_and_sync_make_a_ticket_that_can_be_read(full: Desk):
    full("topics", "approve", "T-1")

    dry = full("sync", "--as-of", DAY, "--dry-run", "--detailed-exitcode")
    real = full("sync", "--as-of", DAY)
    after = full("sync", "--as-of", DAY, "--dry-run", "--detailed-exitcode")

    assert (dry.code, real.code, after.code) == (10, 0, 0)
    assert "+ create" in dry.out
    assert "Nothing was sent." in dry.out
    ticket = next(row for row in full("tickets", "list", "--json").data if row["topic"] == "T-1")
    assert (ticket["state"], ticket["key"]) == ("open", "FB-1")
    assert "## What people say" in full("tickets", "show", "FB-1").out


def test_classify_writes_a_line_a_text_and_touches_no_database(cli: Desk):
    cli.write("some.csv", "nr,words\na,Why is the app so slow?\nb,Lovely crew!\n")

    ended = cli("classify", "some.csv", "--text", "words", "--id", "nr", "--out", "out.jsonl")

    rows = [json.loads(line) for line in (cli.root / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert ended.code == 0
    assert [row["id"] for row in rows] == ["a", "b"]
    for row in rows:
        assert list(row) == ["id", "kind", "score", "scores"]
        assert set(row["scores"]) == {"problem", "request", "question", "praise", "other"}
        assert row["score"] == max(row["scores"].values()) == row["scores"][row["kind"]]
    assert not (cli.root / "bridge.db").exists()


def test_replay_writes_every_statement_after_each_batch_and_its_timings(cli: Desk):
    table(cli.root / "file.csv")

    ended = cli(
        "replay", "file.csv", "--text", "Body", "--id", "Nr", "--at", "When", "--author", "Who",
        "--whole", "--first", "0.5", "--batches", "3", "--out", "out.jsonl",
    )  # fmt: skip

    rows = [json.loads(line) for line in (cli.root / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    timings = json.loads((cli.root / "out.timings.json").read_text(encoding="utf-8"))
    assert ended.code == 0
    assert [sum(row["batch"] == n for row in rows) for n in (1, 2, 3)] == [30, 45, 60]
    assert all(list(row) == ["batch", "id", "statement", "kind", "topic", "score"] for row in rows)
    assert list(timings) == ["batches", "peak_mb"]
    assert [batch["items"] for batch in timings["batches"]] == [30, 15, 15]
    assert all(list(batch) == ["batch", "items", "steps", "seconds"] for batch in timings["batches"])
    assert not (cli.root / "bridge.db").exists()
    assert any(row["topic"] for row in rows)


def test_what_classify_leaves_out_is_counted_with_its_reason(cli: Desk):
    cli.write("some.csv", "nr,words\na,Why is the app so slow?\nb,\nc, \n,Lovely crew!\n")

    ended = cli("classify", "some.csv", "--text", "words", "--id", "nr", "--out", "out.jsonl")

    assert ended.code == 0
    assert "1 texts classified" in ended.err
    assert "3 rows were left out: 2 because of text: 'words' is empty; 1 because of id: 'nr' is" in ended.err


def test_a_search_before_the_first_run_says_what_waits(cli: Desk):
    table(cli.root / "file.csv", 3)
    assert cli("import", "file.csv", "--source", "mine", "--map", MAP).code == 0

    ended = cli("items", "search", "bag")

    assert "3 items wait for `feedback-bridge run`" in ended.err


def test_simulated_shadow_is_counted_apart(full: Desk):
    tickets = len(full("rules", "simulate", "--as-of", DAY, "--json").data)
    before = full("rules", "simulate", "--as-of", DAY).err
    full.set('policy.mode = "shadow"\n')

    after = full("rules", "simulate", "--as-of", DAY).err

    assert tickets
    assert f"{tickets} tickets in 90 days." in before
    assert f"0 tickets, {tickets} only in shadow in 90 days." in after


def test_a_runner_up_is_another_topic(full: Desk):
    change(full, "UPDATE assignment SET runner_up = topic")

    rows = full("export", "assignments").lines

    assert any(row["topic"] for row in rows)
    assert {row["runner_up"] for row in rows} == {None}
    item = next(row["item"] for row in rows if row["topic"])
    assert full("items", "show", item, "--json").data[0]["statements"][0]["runner_up"] is None


def change(cli: Desk, *orders: str) -> None:
    with sqlite3.connect(cli.root / "bridge.db") as store:
        for order in orders:
            store.execute(order)
    store.close()


def test_nothing_that_people_wrote_steers_the_terminal(full: Desk):
    assert full("topics", "approve", "T-1").code == 0
    assert full("sync", "--as-of", DAY).code == 0
    evil = "'ev' || char(27) || '[2J' || char(8238) || char(155) || 'il'"
    change(
        full,
        f"UPDATE person SET display = {evil}",
        f"UPDATE statement SET text = {evil}",
        f"UPDATE item SET text = {evil} || char(10) || 'next'",
        f"UPDATE topic SET title = {evil}",
        f"UPDATE backlog_issue SET body = {evil}",
    )
    item = full("export", "assignments").lines[0]["item"]

    shown = {
        words: full(*words.split()).out
        for words in (
            f"topics list --as-of {DAY}",
            f"topics list --format md --as-of {DAY}",
            f"topics show T-1 --as-of {DAY}",
            f"items show {item}",
            "items search ev",
            "tickets show FB-1",
            "summary",
        )
    }

    for words, out in shown.items():
        assert "ev\ufffd[2J\ufffd\ufffdil" in out, words
        assert not set(out) & {"\x1b", "\x9b", "\u202e"}, words
    assert "il\nnext\n" in shown[f"items show {item}"]
    exact = full("topics", "list", "--json", "--as-of", DAY).data[0]["title"]
    assert exact == "ev\x1b[2J\u202e\x9bil"


REPLAY = ("replay", "file.csv", "--text", "Body", "--batches", "2", "--whole")


@pytest.mark.parametrize(
    "words",
    [
        ("classify", "file.csv", "--text", "Body", "--out", "./file.csv"),
        (*REPLAY, "--out", "file.csv"),
        (*REPLAY, "--vectors", "v.npy", "--out", "v.npy"),
        ("replay", "x.timings.json", "--text", "Body", "--batches", "2", "--out", "x.jsonl"),
    ],
)
def test_no_result_is_written_over_what_it_is_made_from(cli: Desk, words: tuple[str, ...]):
    table(cli.root / "file.csv", 3)
    shutil.copy(cli.root / "file.csv", cli.root / "x.timings.json")
    (cli.root / "v.npy").write_bytes(b"vectors")
    before = {path.name: path.read_bytes() for path in cli.root.iterdir() if path.is_file()}

    ended = cli(*words)

    assert ended.code == 2
    assert "would be written over, and is read; name another file" in ended.err
    assert {path.name: path.read_bytes() for path in cli.root.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("words", [("classify", "file.csv", "--text", "Nope"), (*REPLAY, "--text", "Nope")])
def test_an_older_result_outlives_a_call_that_fails(cli: Desk, words: tuple[str, ...]):
    table(cli.root / "file.csv", 3)
    cli.write("out.jsonl", "older")
    before = sorted(cli.root.iterdir())

    ended = cli(*words, "--out", "out.jsonl")

    assert ended.code == 2
    assert (cli.root / "out.jsonl").read_text(encoding="utf-8") == "older"
    assert sorted(cli.root.iterdir()) == before


def test_recluster_shows_first_and_changes_nothing(full: Desk):
    before = full("topics", "list", "--json", "--as-of", DAY).out

    shown = full("recluster", "--dry-run", "--json", "--as-of", DAY)

    assert {"continued", "born", "split", "merged", "dormant"} <= shown.data.keys()
    assert full("topics", "list", "--json", "--as-of", DAY).out == before


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["nonsense"], 2, "No such command"),
        (["import", "file.csv"], 2, "--source"),
        (["import", "missing.csv", "--source", "x"], 2, "missing.csv"),
        (["import", "file.csv", "--source", "Not A Name"], 2, "is no name; use small letters"),
        (["import", "file.csv", "--source", "x", "--map", "text"], 2, "is not KEY=COLUMN; write for example"),
        (["import", "file.csv", "--source", "x", "--map", "text=Nope"], 2, "Nope"),
        (["run", "--until", "dinner"], 2, "'dinner' is no step; steps: pull, normalise"),
        (["run", "--as-of", "tomorrow"], 2, "--as-of: 'tomorrow' is no date; write 2026-11-21"),
        (["run", "--as-of", "0001-01-01"], 2, "--as-of: '0001-01-01' is out of reach; write a day from 1970"),
        (["topics", "list", "--as-of", "9999-12-31"], 2, "--as-of: '9999-12-31' is out of reach"),
        (["run", "--as-of", "9999-12-31T23:59:00-09:00"], 2, "is out of reach"),
        (["recluster", "--since", "tomorrow"], 2, "--since: 'tomorrow' is no date"),
        (["topics", "snooze", "T-1", "--until", "9999-12-31"], 2, "--until: '9999-12-31' is out of reach"),
        (["topics", "show", "T-99"], 2, "there is no topic T-99"),
        (["topics", "show", "first"], 2, "is no topic; write T-12"),
        (["topics", "snooze", "T-1"], 2, "name one of --until DATE and --until-people N"),
        (["items", "move", "bag-003", "--to", "T-1"], 2, "names no source; write SOURCE:ID"),
        (["pull", "nowhere"], 2, "there is no source named 'nowhere'"),
        (["export", "assignments", "--format", "table"], 2, "write jsonl, json or csv"),
        (["recluster", "--granularity", "tiny"], 2, "is none of finer, auto, coarser"),
        (["recluster", "--topic", "T-99"], 2, "there is no topic T-99"),
        (["tickets", "show", "FB-9"], 2, "the embedded backlog has no issue 'FB-9'"),
        (["--config", "missing.toml", "run"], 3, "missing.toml"),
        (["classify", "file.csv", "--text", "Nope", "--out", "out.jsonl"], 2, "Nope"),
        (["classify", "file.csv", "--text", "Body", "--out", "bridge.toml/out.jsonl"], 2, "can't be written"),
        (
            [
                "replay",
                "file.csv",
                "--text",
                "Body",
                "--batches",
                "2",
                "--vectors",
                "bridge.toml",
                "--out",
                "o.jsonl",
            ],
            2,
            "--vectors",
        ),
    ],
)
def test_what_was_asked_wrongly_ends_in_words_and_the_documented_code(
    cli: Desk, words: list[str], code: int, says: str
):
    table(cli.root / "file.csv", 3)

    ended = cli(*words)

    assert ended.code == code
    assert says in ended.err
    assert "Traceback" not in ended.err
    assert "This is a bug" not in ended.err
    assert ended.out == ""


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("policy.mod = 'review'", "policy.mode"),
        ("policy.mode = 'sometimes'", "sometimes"),
        ("topics.encoder = 7", "topics.encoder"),
        ("database.url = 'mysql://x'", "database.url"),
    ],
)
def test_wrong_settings_end_with_three_and_name_the_place(cli: Desk, toml: str, says: str):
    (cli.root / "bridge.toml").write_text(toml, encoding="utf-8")

    ended = cli("run")

    assert (ended.code, ended.out) == (3, "")
    assert says in ended.err


def test_an_encoder_that_nobody_knows_is_named(cli: Desk):
    (cli.root / "bridge.toml").write_text(
        'topics.encoder = "minilmm"\ndatabase.url = "sqlite:///b.db"', encoding="utf-8"
    )
    table(cli.root / "file.csv", 3)
    cli("import", "file.csv", "--source", "x", "--map", MAP)

    ended = cli("run")

    assert ended.code == 3
    assert "topics.encoder: no encoder is called 'minilmm'" in ended.err
    assert "Did you mean 'minilm'?" in ended.err


def test_a_second_run_at_the_same_time_is_told_so(cli: Desk):
    import fcntl

    cli("db", "upgrade")
    with (cli.root / "bridge.db.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        ended = cli("run")

    assert ended.code == 6
    assert "another run is at work on" in ended.err
    assert "wait for it to end, or stop it, and try again" in ended.err


def test_a_source_that_fails_makes_the_run_partial(cli: Desk):
    cli.set('[[source]]\nname = "gone"\nconnector = "files"\npath = "nowhere.csv"\n')

    ended = cli("run")

    assert ended.code == 4
    assert "gone" in ended.err
    assert "nowhere.csv" in ended.err


def test_a_newer_database_ends_with_three(cli: Desk):
    cli("db", "upgrade")
    with sqlite3.connect(cli.root / "bridge.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    ended = cli("topics", "list")

    assert (ended.code, ended.out) == (3, "")
    assert "is newer than this program knows" in ended.err


def test_a_database_can_be_checked_copied_and_named(cli: Desk):
    assert cli("db", "current").out == "\n"
    cli("db", "upgrade")

    assert "fine" in cli("db", "check").out
    digest, _, place = cli("db", "backup", "copy.db").out.strip().partition("  ")
    assert len(digest) == 64
    assert Path(place).exists()
    again = cli("db", "backup", "copy.db")
    assert again.code == 3
    assert "is there already; name another file" in again.err


HOSTILE: dict[str, tuple[str, bytes]] = {
    "any bytes": ("x.csv", bytes(range(256)) * 40),
    "an empty file": ("x.csv", b""),
    "only a head": ("x.csv", b"text,date\n"),
    "no text column": ("x.csv", b"colour,size\nred,4\n"),
    "a cut workbook": ("x.xlsx", b"PK\x03\x04" + b"\x00" * 200),
    "no workbook": ("x.xlsx", b"this is not a workbook"),
    "broken JSON": ("x.jsonl", b'{"text": "fine"}\n{"text": \n'),
    "NUL bytes": ("x.csv", b"text,date\nthe\x00 seat,2026-02-01\n\x00,2026-02-01\n"),
    "lone surrogates": ("x.jsonl", b'{"text": "half \\ud83d a face", "id": "1\\udc00"}\n'),
    "tricks with direction": (
        "x.csv",
        "text,date\n\u202ethe seat\u200b is \u2066broken,2026-02-01\n".encode(),
    ),
    "one id with two texts": ("x.csv", b"id,text,date\n1,one text,2026-02-01\n1,another text,2026-02-01\n"),
    "empty texts": ("x.csv", b'text,date\n"",2026-02-01\n"   ",2026-02-01\n'),
}
LONG = b"text,date\n" + b"the suitcase was lost again. " * 70_000 + b",2026-02-01\n"


@pytest.mark.parametrize("name", HOSTILE)
def test_no_file_however_hostile_ends_in_a_traceback_and_the_rest_goes_on(cli: Desk, name: str):
    _import_and_run(cli, *HOSTILE[name])


@pytest.mark.slow
def test_a_text_of_two_megabytes_is_taken_like_any_other(cli: Desk):
    _import_and_run(cli, "x.csv", LONG)

    assert 1 <= len(cli("export", "assignments").lines) <= 40


def _import_and_run(cli: Desk, file: str, content: bytes):
    cli.write(file, content)

    imported = cli("import", file, "--source", "hostile")
    ran = cli("run", "--until", "statements")
    again = cli("import", file, "--source", "hostile")

    assert imported.code in (0, 2)
    assert ran.code == 0, ran.err
    for ended in (imported, again):
        assert "Traceback" not in ended.err
        assert "This is a bug" not in ended.err
        if ended.code:
            assert file in ended.err or "Say which: --map text=" in ended.err
            assert ended.err.count("\n") < 12
    assert " 0 new, 0 changed" in again.out or again.code == 2
    assert cli("db", "check").code == 0


def test_a_csv_export_never_starts_a_formula(cli: Desk):
    cli.write("x.csv", 'text,date\n"=HYPERLINK(""http://evil.example"")",2026-02-01\n')
    cli("import", "x.csv", "--source", "x")
    cli("run", "--until", "embed")

    rows = list(csv.DictReader(cli("export", "assignments", "--format", "csv").out.splitlines()))

    assert [row["text"][:2] for row in rows] == ["'="]
