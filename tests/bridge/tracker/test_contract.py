"""What every tracker does, whichever it is."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jira_twin import Twin

from bridge.errors import TrackerError
from bridge.plan import Draft
from bridge.render.document import Document, Paragraph, Text
from bridge.tracker import EvidenceLink, FieldUpdate, Remote, Tracker, marker
from bridge.tracker.jira import JiraSite, JiraTracker
from bridge.tracker.local import LocalTracker

PROJECT = "WEB"
MARK = marker("default", PROJECT, 7)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
OPS = (f"op-{n}" for n in itertools.count(1))


@dataclass
class Case:
    """A tracker, and what it keeps beside issues and comments."""

    tracker: Tracker
    keeps: frozenset[str] = frozenset({"labels", "history", "links"})

    def must_keep(self, what: str) -> None:
        if what not in self.keeps:
            pytest.skip(f"{self.tracker.name} keeps no {what}")


def contracts() -> Path | None:
    folder = os.environ.get("JIRA_CONTRACTS")
    return Path(folder) if folder else None


def jira(flavour: str) -> Iterator[Case]:
    with Twin(flavour=flavour, contracts=contracts()) as twin:
        user = twin.user if flavour == "cloud" else None
        site = JiraSite(url=twin.url, user=user, token=lambda: twin.token, settle_s=1.0)
        yield Case(JiraTracker(site, wait=lambda _: None))
        assert [one for one in twin.violations if one.startswith("request")] == []


def cloud(_: Path) -> Iterator[Case]:
    yield from jira("cloud")


def data_center(_: Path) -> Iterator[Case]:
    yield from jira("dc")


def local(folder: Path) -> Iterator[Case]:
    from builders import Bench

    yield Case(LocalTracker(Bench(folder).database, lambda: datetime.now(tz=UTC)), keeps=frozenset())


TRACKERS = [cloud, data_center, local]  # every tracker has its line here


@pytest.fixture(params=TRACKERS, ids=lambda make: make.__name__)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    yield from request.param(tmp_path)


@pytest.fixture
def tracker(case: Case) -> Tracker:
    return case.tracker


def said(*lines: str) -> Document:
    return Document(tuple(Paragraph((Text(line),)) for line in lines))


def draft(**changes: Any) -> Draft:
    values = {
        "topic": 7,
        "project": PROJECT,
        "type": "",
        "kind": "problem",
        "title": "PDF export hangs",
        "document": said("Twelve people say so."),
        "fields": {"reach": 12, "mentions": 15},
        "labels": ("customer-feedback",),
    }
    return Draft(**(values | changes))


def opened(tracker: Tracker, **changes: Any) -> Remote:
    return tracker.create(draft(**changes), MARK, next(OPS))


def seen(tracker: Tracker, issue_id: str) -> Remote:
    found = tracker.look(issue_id)
    assert found is not None
    return found


def test_it_is_ready_for_a_project_that_is_there(tracker: Tracker):
    tracker.ready([PROJECT])


def test_a_new_issue_says_what_the_draft_says(tracker: Tracker):
    made = opened(tracker)

    found = seen(tracker, made.id)
    assert (found.id, found.key, found.project) == (made.id, made.key, PROJECT)
    assert found.title == "PDF export hangs"
    assert MARK in found.labels
    assert (found.category, found.is_done, found.archived) == ("new", False, False)
    assert "Twelve people say so." in tracker.format.plain(found.description)
    assert tracker.format.block(found.description) == tracker.format.canonical(draft().document)


def test_an_issue_is_found_by_its_marker_and_no_other_is(tracker: Tracker):
    made = opened(tracker)
    tracker.create(draft(topic=8), marker("default", PROJECT, 8), next(OPS))

    assert [issue.id for issue in tracker.find(MARK)] == [made.id]
    assert tracker.find(marker("default", PROJECT, 9)) == []


def test_two_issues_with_a_marker_are_both_found_the_older_first(tracker: Tracker):
    first, second = opened(tracker), opened(tracker)

    assert [issue.id for issue in tracker.find(MARK)] == [first.id, second.id]


def test_issues_are_read_by_their_ids_and_strange_ids_are_left_out(tracker: Tracker):
    first, second = opened(tracker), opened(tracker, title="Another")

    found = tracker.read([second.id, first.id, "987654321"])

    assert set(found) == {second.id, first.id}
    assert found[second.id].title == "Another"
    assert found[first.id].updated is not None
    assert tracker.read([]) == {}


def test_an_issue_that_is_not_there_cannot_be_looked_at(tracker: Tracker):
    assert tracker.look("987654321") is None


def test_labels_come_and_go_beside_the_ones_of_others(case: Case, tracker: Tracker):
    case.must_keep("labels")
    made = opened(tracker)

    tracker.update(made.id, FieldUpdate(add_labels=("grows",), remove_labels=("customer-feedback",)))

    assert seen(tracker, made.id).labels == {MARK, "grows"}


def test_fields_are_set(tracker: Tracker):
    made = opened(tracker)
    text = tracker.format.wrap(said("Thirteen now."))

    tracker.update(made.id, FieldUpdate(title="New", description=text))

    found = seen(tracker, made.id)
    assert found.title == "New"
    assert "Thirteen now." in tracker.format.plain(found.description)


def test_what_an_update_leaves_out_stays(tracker: Tracker):
    made = opened(tracker)
    before = seen(tracker, made.id)

    tracker.update(made.id, FieldUpdate(title="New"))
    tracker.update(made.id, FieldUpdate(title="New"))
    tracker.update(made.id, FieldUpdate())

    after = seen(tracker, made.id)
    assert (after.title, after.description, after.labels) == ("New", before.description, before.labels)


def test_an_update_of_an_issue_that_is_not_there_is_an_error(tracker: Tracker):
    with pytest.raises(TrackerError):
        tracker.update("987654321", FieldUpdate(title="New"))


def test_our_own_edits_stand_in_the_history_as_ours(case: Case, tracker: Tracker):
    case.must_keep("history")
    made = opened(tracker)
    tracker.update(made.id, FieldUpdate(title="Once"))
    tracker.update(made.id, FieldUpdate(title="Twice"))

    edits = [edit for edit in tracker.history(made.id, LONG_AGO) if edit.field == "title"]

    assert [(edit.before, edit.after) for edit in edits] == [("PDF export hangs", "Once"), ("Once", "Twice")]
    assert all(edit.ours for edit in edits)
    assert tracker.history(made.id, edits[-1].at + timedelta(days=1)) == []


def test_a_comment_carries_its_op_and_the_newest_comes_first(tracker: Tracker):
    made = opened(tracker)

    first = tracker.comment(made.id, said("It grew."), "op-grew")
    second = tracker.comment(made.id, said("It is back."), "op-back")

    found = tracker.comments(made.id)
    assert [(one.id, one.op) for one in found] == [(second, "op-back"), (first, "op-grew")]
    assert found[0].text.strip() == "It is back."
    assert found[0].at is not None


def test_a_comment_of_ours_is_replaced_in_place(tracker: Tracker):
    made = opened(tracker)
    comment = tracker.comment(made.id, said("It grew."), "op-grew")

    tracker.edit_comment(made.id, comment, said("It grew twice."))

    (found,) = tracker.comments(made.id)
    assert (found.id, found.op, found.text.strip()) == (comment, "op-grew", "It grew twice.")


def test_a_comment_on_an_issue_that_is_not_there_is_an_error(tracker: Tracker):
    with pytest.raises(TrackerError):
        tracker.comment("987654321", said("It grew."), "op-grew")


def test_links_to_what_people_said_come_go_and_come_again(tracker: Tracker):
    made = opened(tracker)
    link = EvidenceLink(
        global_id="default:T-7:a", url="https://desk.example/1", title="Ticket 1", summary="hangs"
    )

    tracker.attach(made.id, link)
    tracker.attach(made.id, link)
    tracker.detach(made.id, link.global_id)
    tracker.detach(made.id, link.global_id)
    tracker.attach(made.id, link)


def test_issues_are_linked_once(case: Case, tracker: Tracker):
    case.must_keep("links")
    first, second = opened(tracker), opened(tracker)

    tracker.join(second.id, first.id, "Duplicate")
    tracker.join(second.id, first.id, "duplicate")

    (link,) = seen(tracker, second.id).joined
    assert (link.id, link.how) == (first.id, "Duplicate")


def test_an_issue_goes_to_done_and_back_and_moving_it_there_again_is_fine(tracker: Tracker):
    made = opened(tracker)

    done = tracker.move(made.id, "done")
    again = tracker.move(made.id, "done")
    back = tracker.move(made.id, "new")

    assert (done.is_done, again.is_done) == (True, True)
    assert (back.id, back.category) == (made.id, "new")
    assert seen(tracker, made.id).category == "new"


def test_moving_an_issue_that_is_not_there_is_an_error(tracker: Tracker):
    with pytest.raises(TrackerError):
        tracker.move("987654321", "done")


def test_open_issues_with_the_same_words_are_found(tracker: Tracker):
    alike, other, done = opened(tracker), opened(tracker, title="Login loops"), opened(tracker)
    tracker.move(done.id, "done")

    found = [issue.id for issue in tracker.alike(PROJECT, ["export", 'hangs"'], 10)]

    assert alike.id in found
    assert other.id not in found
    assert done.id not in found
    assert tracker.alike(PROJECT, [], 10) == []
