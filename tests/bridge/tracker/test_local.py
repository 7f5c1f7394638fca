from __future__ import annotations

import pytest
from builders import Bench
from ledger_world import draft, says

from bridge.errors import TrackerGone
from bridge.tracker import EvidenceLink, FieldUpdate, marker
from bridge.tracker.local import LocalTracker


@pytest.fixture
def tracker(bench: Bench):
    return LocalTracker(bench.database, lambda: bench.now)


def test_an_issue_is_found_again_by_its_marker(tracker: LocalTracker):
    made = tracker.create(draft(1), "fbb-1", "op")

    assert tracker.find("fbb-1") == [made]
    assert tracker.find("fbb-2") == []
    assert tracker.read([made.id, "77", "no id"]) == {made.id: made}
    assert made.labels == {"fbb-1"}


def test_an_issue_is_looked_at_whole_by_id_and_by_key(tracker: LocalTracker):
    made = tracker.create(draft(1), "fbb-1", "op")

    by_id, by_key = tracker.look(made.id), tracker.look("FB-1")

    assert by_id is not None
    assert by_id == by_key
    assert tracker.format.block(by_id.description) == tracker.format.canonical(draft(1).document)
    assert tracker.look("FB-2") is None
    assert tracker.look("7") is None


def test_keys_count_up_in_each_project(tracker: LocalTracker):
    keys = [tracker.create(draft(n, project=p), f"m-{n}", "").key for n, p in enumerate(("FB", "WEB", "FB"))]

    assert keys == ["FB-1", "WEB-1", "FB-2"]


def test_an_update_replaces_the_words_and_twice_is_once(tracker: LocalTracker, bench: Bench):
    made = tracker.create(draft(1), "m", "")

    for _ in range(2):
        tracker.update(made.id, FieldUpdate(title="Suitcases get lost", description="new"))
        tracker.update(made.id, FieldUpdate(add_labels=("x",)))

    assert bench.query("SELECT title, body, marker FROM backlog_issue") == [
        ("Suitcases get lost", "new", "m")
    ]


def test_comments_keep_their_op_and_come_newest_first(tracker: LocalTracker):
    made = tracker.create(draft(1), "m", "")

    first = tracker.comment(made.id, says('one\u2028line "quoted"'), "op-1")
    second = tracker.comment(made.id, says("two"), "op-2")
    tracker.edit_comment(made.id, first, says("better"))

    found = tracker.comments(made.id)
    assert [(c.id, c.op, c.text) for c in found] == [(second, "op-2", "two"), (first, "op-1", "better")]
    assert found[0].at is not None


def test_a_comment_of_an_older_version_is_still_read(tracker: LocalTracker, bench: Bench):
    from bridge.models import BacklogIssue

    made = tracker.create(draft(1), "m", "")
    with bench.database.writing() as session:
        issue = session.get(BacklogIssue, int(made.id))
        assert issue is not None
        issue.comment = "released"

    tracker.comment(made.id, says("and now"), "op")

    assert [(c.op, c.text) for c in tracker.comments(made.id)] == [("op", "and now"), (None, "released")]


def test_an_issue_is_closed_and_opened_again(tracker: LocalTracker):
    made = tracker.create(draft(1), "m", "")

    done = tracker.move(made.id, "done")
    again = tracker.move(made.id, "new")

    assert (done.is_done, done.status, again.is_done, again.category) == (True, "done", False, "new")
    assert done.resolved_at is not None


def test_issues_alike_are_those_that_share_words_and_are_not_done(tracker: LocalTracker):
    for number, title in enumerate(("Bags get lost", "Seats are small", "Lost bags again")):
        tracker.create(draft(number, title=title), f"m-{number}", "")
    tracker.move("3", "done")

    found = tracker.alike("FB", ["lost", "BAGS", "get"], 5)

    assert [remote.title for remote in found] == ["Bags get lost"]
    assert tracker.alike("WEB", ["lost"], 5) == []


def test_links_and_history_are_none(tracker: LocalTracker, bench: Bench):
    made = tracker.create(draft(1), "m", "")

    tracker.attach(made.id, EvidenceLink(global_id="1", url="https://example.org", title="x"))
    tracker.detach(made.id, "1")
    tracker.join(made.id, "2", "Relates")
    tracker.ready(["FB", "none yet"])

    assert tracker.history(made.id, bench.now) == []
    assert tracker.look(made.id).joined == ()  # type: ignore[union-attr]


def test_what_is_not_there_is_refused_in_words(tracker: LocalTracker):
    made = tracker.create(draft(1), "m", "")

    for act in (
        lambda: tracker.update("7", FieldUpdate(title="x")),
        lambda: tracker.comment("7", says("x"), "op"),
        lambda: tracker.comments("7"),
        lambda: tracker.move("7", "done"),
    ):
        with pytest.raises(
            TrackerGone, match="the local backlog has no issue with id 7; nothing was changed"
        ):
            act()
    with pytest.raises(TrackerGone, match="FB-1 has no comment 9"):
        tracker.edit_comment(made.id, "9", says("x"))


def test_a_marker_is_the_same_for_the_same_topic_and_tells_no_more():
    assert marker("1", "FB", 12) == marker("1", "FB", 12)
    assert (
        len({marker("1", "FB", 12), marker("1", "FB", 13), marker("1", "WEB", 12), marker("2", "FB", 12)})
        == 4
    )
    assert marker("1", "FB", 12).startswith("fbb-")
