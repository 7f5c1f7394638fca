"""Taking back what was done to an issue, on both flavours of Jira and on the embedded backlog."""

from __future__ import annotations

from datetime import timedelta

import pytest
from jira_bench import Site

from bridge.errors import InputError, TrackerError
from bridge.linking import link, unlink
from bridge.pipeline.taking_back import latest, take_back
from bridge.tracker import FieldUpdate


def undo(site: Site, key: str) -> str:
    context = site.bench.context()
    with context.database.reading() as session:
        last = latest(session, key)
    return take_back(context, last, "ann")


def is_closed(site: Site, key: str) -> bool:
    remote = site.bench.tracker.look(key)
    assert remote is not None
    return remote.is_done


def test_an_updates_fields_are_put_back_and_stay_so(synced: Site):
    key = synced.issue("bag-000").key
    before = dict(synced.twin.issue(key).fields)
    with synced.bench.deciding() as verbs:
        verbs.rename(synced.topic(key), "A title too much")
    synced.sync()
    assert synced.twin.issue(key).fields["summary"] == "A title too much"

    said = undo(synced, key)

    assert "put back" in said
    assert synced.twin.issue(key).fields["summary"] == before["summary"]
    assert "update" not in [action.effect for action in synced.plan().actions]
    synced.more("bag", 4)
    synced.sync()
    assert synced.twin.issue(key).fields["summary"] == before["summary"]


def test_an_update_is_taken_back_once(synced: Site):
    key = synced.issue("bag-000").key
    with synced.bench.deciding() as verbs:
        verbs.rename(synced.topic(key), "A title too much")
    synced.sync()
    undo(synced, key)

    context = synced.bench.context()
    with context.database.reading() as session:
        assert latest(session, key).intent.effect == "create"


def test_what_people_edited_since_an_update_is_left(synced: Site):
    key = synced.issue("bag-000").key
    with synced.bench.deciding() as verbs:
        verbs.rename(synced.topic(key), "A title too much")
    synced.sync()
    ann = synced.twin.as_person("ann")
    ann.edit(synced.twin.issue(key), summary="Ann's own")

    undo(synced, key)  # the description was written too, and goes back

    assert synced.twin.issue(key).fields["summary"] == "Ann's own"


def test_what_people_wrote_around_our_block_stays_as_it_is(synced: Site):
    key = synced.issue("bag-000").key
    synced.more("bag", 9)
    synced.sync()  # once more people: the block is written anew
    issue = synced.twin.issue(key)
    before = issue.fields["description"]
    if synced.twin.flavour == "dc":
        own = f"h1. Plan\n||a||b||\n\n{before}"
    else:
        row = {"type": "heading", "attrs": {"level": 1}, "content": [{"type": "text", "text": "Plan"}]}
        own = {**before, "content": [row, *before["content"]]}
    synced.twin.as_person("ann").edit_description(issue, own)
    synced.more("bag", 9, first=60)
    synced.sync()
    written = synced.twin.issue(key).fields["description"]

    undo(synced, key)

    now = synced.twin.issue(key).fields["description"]
    assert now != written
    if synced.twin.flavour == "dc":
        assert now.startswith("h1. Plan\n||a||b||\n\n")
    else:
        assert now["content"][0] == own["content"][0]


def test_what_the_same_account_wrote_by_hand_since_stays(synced: Site):
    key = synced.issue("bag-000").key
    with synced.bench.deciding() as verbs:
        verbs.rename(synced.topic(key), "A title too much")
    synced.sync()
    synced.bench.tracker.update(synced.issue("bag-000").id, FieldUpdate(title="By hand, with our token"))

    undo(synced, key)

    assert synced.twin.issue(key).fields["summary"] == "By hand, with our token"


def test_an_issue_of_two_topics_is_not_closed_as_created_by_mistake(synced: Site):
    one, other = synced.issue("bag-000").key, synced.issue("legroom-000").key
    context = synced.bench.context()
    with context.database.writing() as session:
        unlink(session, other, "ann", context.now)
    link(context, synced.topic(other), one, "ann")

    with pytest.raises(InputError, match="tickets unlink"):
        undo(synced, one)


def test_a_comment_says_that_it_was_taken_back(synced: Site):
    key = synced.issue("bag-000").key
    synced.more("bag", 30)
    synced.bench.now += timedelta(days=8)
    synced.sync()
    comments = len(synced.twin.issue(key).comments)
    assert comments == 1

    while "comment" not in undo(synced, key):
        pass

    assert "took this comment back" in str(synced.twin.issue(key).comments[0].body)
    assert len(synced.twin.issue(key).comments) == comments


def test_a_ticket_created_by_mistake_is_closed_and_let_go(synced: Site):
    key = synced.issue("bag-000").key
    topic = synced.topic(key)

    said = undo(synced, key)

    assert "created by mistake" in said
    assert is_closed(synced, key)
    assert synced.bench.query("SELECT state FROM ticket WHERE key = ?", key) == [("unlinked",)]
    assert synced.bench.query("SELECT state FROM topic WHERE number = ?", topic) == [("new",)]
    with pytest.raises(InputError, match=f"{key} is no issue of ours"):
        undo(synced, key)


def test_a_closing_without_an_answer_is_found_out_by_the_next_sync(synced: Site):
    key = synced.issue("bag-000").key
    synced.twin.fault("reset-after", route="POST /issue/{id}/transitions", times=1)

    said = undo(synced, key)
    synced.sync()

    assert "no answer yet" in said
    assert is_closed(synced, key)
    assert ("unlinked",) in synced.bench.query("SELECT state FROM ticket WHERE key = ?", key)


def test_nothing_is_taken_back_of_an_issue_that_is_not_ours(synced: Site):
    with pytest.raises(InputError, match="WEB-999 is no issue of ours"):
        undo(synced, "WEB-999")


def test_a_deleted_issue_is_told(synced: Site):
    issue = synced.issue("bag-000")
    synced.twin.as_person("ann").delete(issue)

    with pytest.raises(TrackerError, match="deleted, or not for us to see"):
        undo(synced, issue.key)
