from __future__ import annotations

from typing import Any

import pytest
from builders import Bench, sixty, theme

from bridge.plan import Action, Asked, Change, Draft, Person, Plan, changes, lines
from bridge.render.document import Document, Paragraph, Text


def draft(**parts: Any) -> Draft:
    given: dict[str, Any] = {
        "topic": 4,
        "project": "FB",
        "type": "Bug",
        "title": "Bags get lost",
        "document": Document(()),
        "fields": {"reach": 7},
    }
    return Draft(**{**given, **parts})


def action(effect: Any, **parts: Any) -> Action:
    given: dict[str, Any] = {
        "effect": effect,
        "topic": 4,
        "ticket_id": 1,
        "key": "FB-1",
        "project": "FB",
        "draft": draft(),
        "changes": (),
        "people": 7,
    }
    return Action(**{**given, **parts})


def test_only_what_differs_is_a_change():
    assert changes({"reach": 5, "title": "a"}, {"reach": 7, "title": "a", "new": 1}) == (
        Change("reach", 5, 7),
        Change("new", None, 1),
    )
    assert changes({"reach": 5}, {"reach": 5}) == ()


def test_the_hash_changes_with_every_word_that_is_sent():
    variants = [
        draft(),
        draft(title="x"),
        draft(document=Document((Paragraph((Text("x"),)),))),
        draft(project="x"),
        draft(type="x"),
    ]

    assert len({variant.payload_hash for variant in variants}) == 5
    assert draft().payload_hash == draft(fields={"reach": 8}).payload_hash


def test_a_plan_reads_as_lines():
    update = action("update", changes=(Change("reach", 5, 7), Change("evidence", [1], [2])))
    asked = Asked(4, "Bug", "Bags get lost", 7)
    wait = action("wait", reason="not clear yet")
    lost = Person(topic=5, project="FB", key="FB-2", reason="FB-2 is gone", next_step="look for it")
    plan = Plan(
        actions=(action("create"), update, wait), proposed=(asked,), shadow=(asked,), needs_person=(lost,)
    )

    told = lines(plan, tracker="local")

    assert told[0] == '+ create  Bug      "Bags get lost"  T-4  7 people'
    assert told[1] == "~ update  FB-1     reach 5 → 7 · evidence changed  T-4"
    assert told[2] == "… wait    FB-1     not clear yet  T-4"
    assert told[3].startswith("? review  Bug")
    assert told[4].startswith("· shadow  Bug")
    assert told[5] == "! person  FB-2     FB-2 is gone; look for it  T-5"
    assert told[-1] == "1 to create, 1 to update, 1 to wait, 1 waiting for review"
    assert lines(plan, tracker="local", sent=True)[-1].startswith("1 created, 1 updated, 1 in doubt in local")


@pytest.fixture
def synced(bench: Bench):
    bench.set('policy.mode = "automatic"')
    bench.take(sixty())
    bench.run("sync")
    return bench


def test_the_plan_of_a_synced_state_is_empty(synced: Bench):
    plan = synced.sync(dry_run=True).plan

    assert plan is not None
    assert plan.empty


def test_new_voices_are_a_change_of_figures_and_are_told_once(synced: Bench):
    topic = int((synced.topic_of("legroom-004") or "")[2:])
    synced.take(theme("legroom", 6, first=40))
    synced.run()

    told = synced.sync(dry_run=True).plan
    synced.sync()
    after = synced.sync(dry_run=True).plan

    assert told is not None
    assert after is not None
    found = {a.topic: a for a in told.actions}[topic]
    assert found.effect == "update"
    figures = {c.field: (c.before, c.after) for c in found.changes}
    assert figures["reach"][1] > figures["reach"][0]
    assert after.empty
    body = synced.query("SELECT body FROM backlog_issue JOIN ticket USING (key) WHERE topic = ?", topic)[0][0]
    assert f"**{figures['reach'][1]} people**" in body


def test_in_review_a_proposal_waits_and_nothing_is_sent(bench: Bench):
    bench.take(sixty())
    plan = bench.run("sync").plan

    assert plan is not None
    assert plan.empty
    assert {state for (state,) in bench.query("SELECT state FROM ticket")} == {"proposed"}
    assert bench.query("SELECT count(*) FROM backlog_issue") == [(0,)]


def test_in_shadow_nothing_is_stored_and_the_plan_says_what_would_have_been(bench: Bench):
    bench.set('policy.mode = "shadow"')
    bench.take(sixty())
    plan = bench.run("sync").plan

    assert plan is not None
    assert len(plan.shadow) >= 3
    assert bench.query("SELECT count(*) FROM ticket") == [(0,)]
