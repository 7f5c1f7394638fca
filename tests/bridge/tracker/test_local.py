from __future__ import annotations

import pytest
from builders import Bench

from bridge.errors import TrackerError
from bridge.plan import Draft
from bridge.tracker import marker
from bridge.tracker.local import LocalTracker


def draft(title: str = "Bags get lost", project: str = "FB") -> Draft:
    return Draft(
        topic=1, project=project, type="Bug", title=title, body="41 people said so", fields={"reach": 41}
    )


@pytest.fixture
def tracker(bench: Bench):
    return LocalTracker(bench.database, lambda: bench.now)


def test_an_issue_is_found_again_by_its_marker(tracker: LocalTracker):
    made = tracker.create(draft(), "fbb-1")

    assert tracker.find("fbb-1") == [made]
    assert tracker.find("fbb-2") == []
    assert tracker.read(made.id) == made


def test_keys_count_up_in_each_project(tracker: LocalTracker):
    keys = [tracker.create(draft(project=p), f"m-{n}").key for n, p in enumerate(("FB", "WEB", "FB"))]

    assert keys == ["FB-1", "WEB-1", "FB-2"]


def test_an_update_replaces_the_words_and_twice_is_once(tracker: LocalTracker, bench: Bench):
    made = tracker.create(draft(), "m")

    for _ in range(2):
        tracker.update(made.id, draft("Suitcases get lost"))
        tracker.comment(made.id, "released")
        tracker.finish(made.id)

    assert bench.query("SELECT title, comment, state FROM backlog_issue") == [
        ("Suitcases get lost", "released", "done")
    ]
    assert tracker.find("m")[0].is_done


def test_what_is_not_there_is_refused_in_words(tracker: LocalTracker):
    assert tracker.read("7") is None
    for act in (
        lambda: tracker.update("7", draft()),
        lambda: tracker.comment("7", "x"),
        lambda: tracker.finish("7"),
    ):
        with pytest.raises(
            TrackerError, match="the local backlog has no issue with id 7; nothing was changed"
        ):
            act()


def test_a_marker_is_the_same_for_the_same_topic_and_tells_no_more():
    assert marker("1", "FB", 12) == marker("1", "FB", 12)
    assert (
        len({marker("1", "FB", 12), marker("1", "FB", 13), marker("1", "WEB", 12), marker("2", "FB", 12)})
        == 4
    )
    assert marker("1", "FB", 12).startswith("fbb-")
