"""Whole syncs against the Jira test server, both flavours: what stands there, and what people did there."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from builders import Bench, gone, sixty
from jira_bench import JIRA, Site, description
from jira_twin import Twin

from bridge.pipeline import sending
from bridge.plan import lines


def markers(issues: list[Any]) -> list[str]:
    return [label for issue in issues for label in issue.labels if label.startswith("fbb-")]


def test_each_topic_gets_one_issue_that_says_what_people_say(site: Site):
    result = site.sync()

    issues = site.twin.issues("WEB")
    assert len(issues) == result.steps["sync"]["created"] > 1
    assert len({label for issue in issues for label in issue.labels if label.startswith("fbb-")}) == len(
        issues
    )
    assert all("customer-feedback" in issue.labels for issue in issues)
    for issue in issues:
        number = site.topic(issue.key)
        quotes = site.bench.query(
            "SELECT s.text FROM evidence e JOIN statement s ON s.id = e.statement_id WHERE e.topic = ?",
            number,
        )
        assert quotes
        assert all(text in description(issue) for (text,) in quotes)


def test_the_second_plan_is_empty(synced: Site):
    journal = len(synced.twin.journal)

    plan = synced.plan()
    again = synced.sync()

    assert plan.empty
    assert plan.needs_person == ()
    assert again.plan.actions == ()
    assert len(synced.twin.journal) == journal


def test_a_quiet_sync_costs_one_call(synced: Site):
    before = len(synced.twin.requests)

    synced.sync()

    assert len(synced.twin.requests) == before + 1


def test_new_voices_update_quietly(synced: Site):
    comments = len(synced.effects("comment"))
    synced.more("bag", 2)

    result = synced.sync()

    assert result.steps["sync"]["updated"] >= 1
    assert len(synced.effects("comment")) == comments
    assert synced.plan().empty


def test_a_topic_that_doubles_gets_one_comment_in_a_window(synced: Site):
    key = synced.issue("bag-000").key
    synced.more("bag", 30)
    synced.sync()
    at_once = len(synced.twin.issue(key).comments)
    synced.bench.now += timedelta(days=8)
    synced.sync()
    first = len(synced.twin.issue(key).comments)
    synced.bench.now += timedelta(days=2)
    synced.more("bag", 200, first=80)
    synced.sync()
    inside = len(synced.twin.issue(key).comments)
    synced.bench.now += timedelta(days=8)
    synced.sync()

    assert (at_once, first, inside) == (0, 1, 1)
    assert len(synced.twin.issue(key).comments) == 2
    assert synced.plan().empty


def test_what_a_person_edited_is_theirs_for_good(synced: Site):
    issue = synced.issue("bag-000")
    ann = synced.twin.as_person("ann")
    ann.edit(issue, summary="Ann's own words")
    name = synced.bench.query("SELECT title FROM topic WHERE number = ?", synced.topic(issue.key))[0][0]
    with synced.bench.deciding() as verbs:
        verbs.rename(synced.topic(issue.key), "A better title")
    for theme_name in ("bag", "app", "legroom"):
        synced.more(theme_name, 4)

    synced.sync()
    synced.sync()

    assert name != "A better title"
    assert synced.twin.issue(issue.key).fields["summary"] == "Ann's own words"
    assert synced.plan().empty


def test_a_person_between_our_read_and_our_write_loses_nothing(synced: Site):
    issue = synced.issue("bag-000")
    ann = synced.twin.as_person("ann")
    with synced.bench.deciding() as verbs:
        verbs.rename(synced.topic(issue.key), "A better title")
    synced.twin.before("PUT /issue/{id}", lambda *_: ann.edit(issue, summary="Ann was here"), times=1)

    synced.sync()

    assert synced.twin.issue(issue.key).fields["summary"] == "Ann was here"
    synced.more("bag", 3)
    synced.more("app", 3)
    synced.more("legroom", 3)
    synced.sync()
    assert synced.twin.issue(issue.key).fields["summary"] == "Ann was here"


def test_a_description_that_a_person_took_over_keeps_its_evidence_in_one_comment(synced: Site):
    issue = synced.issue("bag-000")
    synced.twin.as_person("ann").edit_description(issue, _own_words(synced.twin))
    for name in ("bag", "app", "legroom"):
        synced.more(name, 4)

    synced.sync()
    written = list(synced.twin.issue(issue.key).comments)
    for name in ("bag", "app", "legroom"):
        synced.more(name, 25, first=50)
    synced.sync()
    edited = list(synced.twin.issue(issue.key).comments)

    assert "Ann decides" in description(synced.twin.issue(issue.key))
    assert len(written) == len(edited) == 1
    assert str(written[0].body) != str(edited[0].body) or len(synced.effects("comment edit")) == 1
    assert synced.plan().empty


def _own_words(twin: Twin) -> Any:
    if twin.flavour == "dc":
        return "Ann decides"
    text = {"type": "text", "text": "Ann decides"}
    return {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [text]}]}


def test_what_its_author_deleted_leaves_the_issue(synced: Site):
    (name, text, topic) = synced.bench.query(
        "SELECT i.external_id, s.text, e.topic FROM evidence e JOIN statement s ON s.id = e.statement_id"
        " JOIN item i ON i.id = s.item_id WHERE e.rank = 1 ORDER BY e.topic LIMIT 1"
    )[0]
    key = synced.bench.query("SELECT key FROM ticket WHERE topic = ?", topic)[0][0]
    assert text in description(synced.twin.issue(key))

    synced.bench.take([gone(name)], once=False)
    synced.bench.run()
    synced.sync()

    assert text not in description(synced.twin.issue(key))


def test_quoted_items_with_an_address_are_links_while_they_are_quoted(bench: Bench, twin: Twin):
    site = Site(bench, twin)
    base = "https://reviews.example/"
    bench.take(dataclasses.replace(message, url=base + message.external_id) for message in sixty())
    bench.run()
    site.sync()
    issue = site.issue("bag-000")
    number = site.topic(issue.key)
    first = {link.global_id for link in issue.remote_links}
    name = bench.query(
        "SELECT i.external_id FROM evidence e JOIN statement s ON s.id = e.statement_id"
        " JOIN item i ON i.id = s.item_id WHERE e.rank = 1 AND e.topic = ?",
        number,
    )[0][0]

    bench.take([gone(name)], once=False)
    bench.run()
    site.sync()

    after = {link.global_id for link in twin.issue(issue.key).remote_links}
    assert len(first) == 7
    assert len(after) == len(bench.query("SELECT 1 FROM evidence WHERE topic = ?", number))
    assert f"1:T-{number}:reviews/{name}" in first - after
    assert site.plan().empty


def test_a_create_without_an_answer_is_found_and_never_doubled(site: Site):
    site.twin.fault("reset-after", route="POST /issue", times=1)

    site.bench.sync()
    site.sync()
    site.sync()
    site.sync()

    markers = [
        label for issue in site.twin.issues("WEB") for label in issue.labels if label.startswith("fbb-")
    ]
    assert sorted(markers) == sorted(set(markers))
    assert len(site.bench.query("SELECT 1 FROM ticket WHERE state = 'open'")) == len(site.twin.issues("WEB"))
    assert site.plan().empty


def test_done_is_told_and_coming_back_opens_it_again(synced: Site):
    issue = synced.twin.issues("WEB")[0]
    number = synced.topic(issue.key)
    synced.twin.as_person("ann").close(issue)
    synced.sync()
    state = synced.bench.query("SELECT state FROM topic WHERE number = ?", number)[0][0]
    assert state == "done"

    _say_again(synced, number)
    result = synced.sync()

    assert result.steps["sync"]["moved"] == 1
    assert synced.twin.issue(issue.key).category != "done"
    assert synced.bench.query("SELECT state FROM topic WHERE number = ?", number) == [("recurred",)]
    assert synced.plan().empty


def _say_again(site: Site, number: int) -> None:
    """Let five people say again what a topic is about, after its issue was done."""
    name = site.bench.query(
        "SELECT i.external_id FROM assignment a JOIN statement s ON s.id = a.statement_id"
        " JOIN item i ON i.id = s.item_id WHERE a.topic = ? LIMIT 1",
        number,
    )[0][0].partition("-")[0]
    site.bench.now += timedelta(days=280)
    site.more(name, 12, first=40)


def test_tickets_of_another_tracker_stay_there_and_what_was_not_sent_goes_to_the_new_one(
    bench: Bench, twin: Twin
):
    bench.set('policy.mode = "review"\npolicy.create_when = { people = 3, within_days = 90 }')
    bench.take(sixty())
    bench.run()
    bench.sync()
    (first, *rest) = [number for (number,) in bench.query("SELECT topic FROM ticket ORDER BY topic")]
    with bench.deciding() as verbs:
        verbs.approve(first, tracker="local", project="FB", type_="Bug")
    bench.sync()
    assert bench.query("SELECT key FROM ticket WHERE state = 'open'") == [("FB-1",)]
    site = Site(bench, twin)

    site.sync()
    with bench.deciding() as verbs:
        for number in rest:
            verbs.approve(number, tracker="jira", project="WEB", type_="Bug")
    site.sync()

    assert len(twin.issues("WEB")) == len(rest)
    assert bench.query("SELECT tracker, key, state FROM ticket WHERE topic = ?", first) == [
        ("local", "FB-1", "open")
    ]
    assert site.plan().empty


def test_a_no_is_respected(synced: Site):
    issue = synced.twin.issues("WEB")[0]
    number = synced.topic(issue.key)
    synced.twin.as_person("ann").close(issue, resolution="Won't Do")
    synced.sync()

    _say_again(synced, number)
    synced.sync()

    assert synced.twin.issue(issue.key).category == "done"


def test_an_issue_that_can_not_be_seen_is_told_and_never_made_again(synced: Site):
    issue = synced.twin.issues("WEB")[0]
    count = len(synced.twin.issues("WEB"))
    synced.twin.as_person("ann").delete(issue)

    synced.sync()
    synced.more("bag", 5)
    synced.sync()
    plan = synced.plan()

    assert len(synced.twin.issues("WEB")) <= count
    assert [p.key for p in plan.needs_person] == [issue.key]
    assert len(synced.effects("create")) == count


def test_a_moved_issue_is_followed(synced: Site):
    issue = synced.twin.issues("WEB")[0]
    synced.twin.project("APP")
    synced.twin.as_person("ann").move(issue, "APP")

    synced.sync()

    assert synced.bench.query("SELECT key, project FROM ticket WHERE remote_id = ?", issue.id) == [
        (synced.twin.issue(issue.id).key, "APP")
    ]
    assert synced.plan().empty


@pytest.mark.parametrize("merge", [True, False])
def test_a_merge_is_told_on_both_issues_once(synced: Site, merge: bool):
    one, other = synced.twin.issues("WEB")[:2]
    numbers = synced.topic(one.key), synced.topic(other.key)
    with synced.bench.deciding() as verbs:
        if merge:
            verbs.merge(*numbers)
        else:
            verbs.rename(numbers[0], "Nothing to tell")
    synced.bench.run(first="label")

    synced.sync()
    synced.sync()

    told = [len(synced.twin.issue(issue.key).comments) for issue in (one, other)]
    assert told == ([1, 1] if merge else [0, 0])
    assert synced.plan().empty


def test_a_rule_puts_one_topic_into_several_projects(bench: Bench, twin: Twin):
    twin.project("APP")
    site = Site(bench, twin)
    rule = '\n[[rule]]\nname = "both"\nwhen = { kinds = ["problem"] }\nalso = ["APP"]\n'
    bench.root.joinpath("bridge.toml")
    site.bench.set(JIRA.format(url=twin.url, token=twin.token, more="") + rule)
    bench.take(sixty())
    bench.run()

    site.sync()
    site.sync()

    assert len(twin.issues("APP")) == len(twin.issues("WEB")) > 1
    assert site.plan().empty


def test_a_topic_is_linked_to_an_issue_that_people_made(site: Site):
    from bridge.linking import link

    number = site.bench.query("SELECT number FROM topic ORDER BY number")[0][0]
    made = site.twin.as_person("ann").create("WEB", summary="Bags again")

    link(site.bench.context(), number, made.key, "ana")
    site.sync()

    issue = site.twin.issue(made.key)
    assert issue.fields["summary"] == "Bags again"
    assert len(issue.comments) == 1
    assert site.bench.query("SELECT count(*) FROM ticket WHERE topic = ?", number) == [(1,)]
    assert site.plan().empty


def test_an_issue_that_people_made_of_the_same_is_told_before_another_is_created(site: Site):
    title, number = site.bench.query("SELECT title, number FROM topic ORDER BY number")[0]
    made = site.twin.as_person("ann").create("WEB", summary=title)

    site.sync()

    row = site.bench.query("SELECT state, reason FROM ticket WHERE topic = ?", number)[0]
    assert row[0] == "proposed"
    assert f"perhaps there already: {made.key}" in row[1]
    assert len(site.bench.query("SELECT 1 FROM ticket WHERE state = 'open'")) > 1


def _text_of_evidence(site: Site, number: int) -> tuple[str, str]:
    return site.bench.query(
        "SELECT i.external_id, s.text FROM evidence e JOIN statement s ON s.id = e.statement_id"
        " JOIN item i ON i.id = s.item_id WHERE e.rank = 1 AND e.topic = ?",
        number,
    )[0]


@pytest.mark.parametrize("fate", ["ignored", "done", "merged", "unlinked"])
def test_what_its_author_deleted_leaves_every_issue(synced: Site, fate: str):
    from bridge.linking import unlink

    issue = synced.issue("bag-000")
    number, other = synced.topic(issue.key), synced.topic(synced.issue("legroom-000").key)
    name, text = _text_of_evidence(synced, number)
    assert text in description(issue)
    if fate == "done":
        synced.twin.as_person("ann").close(issue)
        synced.sync()
    elif fate == "unlinked":
        with synced.bench.database.writing() as store:
            unlink(store, issue.key, "ana", synced.bench.now)
    else:
        with synced.bench.deciding() as verbs:
            verbs.ignore(number) if fate == "ignored" else verbs.merge(number, other)
        synced.bench.run(first="label")
        synced.sync()

    synced.bench.take([gone(name)], once=False)
    synced.bench.run()
    synced.sync()

    assert text not in description(synced.twin.issue(issue.key))
    assert not [a for a in synced.plan().actions if a.key == issue.key]


def test_an_issue_that_was_let_go_is_never_taken_for_the_next_one(synced: Site):
    from bridge.linking import unlink

    issue = synced.issue("bag-000")
    with synced.bench.database.writing() as store:
        unlink(store, issue.key, "ana", synced.bench.now)
    synced.sync()
    synced.sync()

    new = synced.issue("bag-000")
    assert new.key != issue.key
    assert len(set(markers([issue, new]))) == 2
    assert sending.audit(synced.bench.context(), 30) == []


def test_a_project_that_was_named_wrongly_is_mended_by_naming_another(bench: Bench, twin: Twin):
    site = Site(bench, twin)
    wrong = JIRA.format(url=twin.url, token=twin.token, more="").replace('"WEB"', '"XX"')
    bench.set(wrong)
    bench.take(sixty())
    bench.run()
    refused = bench.sync()
    assert refused.plan is not None
    assert refused.steps["sync"]["created"] == 0

    site.set()
    result = site.sync()

    assert result.refused == []
    assert len(twin.issues("WEB")) > 1
    assert site.plan().empty


def test_a_merge_of_what_was_then_hidden_owes_nothing(synced: Site):
    one, other = synced.issue("bag-000"), synced.issue("legroom-000")
    with synced.bench.deciding() as verbs:
        verbs.merge(synced.topic(one.key), synced.topic(other.key))
        verbs.ignore(synced.topic(other.key))
    synced.bench.run(first="label")

    synced.sync()

    assert synced.plan().empty


def test_a_merged_away_issue_that_is_gone_is_told_by_its_key(synced: Site):
    one, other = synced.issue("bag-000"), synced.issue("legroom-000")
    with synced.bench.deciding() as verbs:
        verbs.merge(synced.topic(one.key), synced.topic(other.key))
    synced.bench.run(first="label")
    synced.twin.as_person("ann").delete(one)

    result = synced.sync()

    assert result.refused == []
    persons = synced.plan().needs_person
    assert [p.key for p in persons] == [one.key]
    assert f"tickets unlink {one.key}" in persons[0].next_step


def test_how_people_are_named_reaches_tickets_that_are_there(synced: Site):
    def read() -> str:
        return description(synced.issue("bag-000")).replace("\\", "")

    assert "bag_" in read()

    synced.set('authors = "pseudonym"')
    synced.sync()

    after = read()
    assert "bag_" not in after
    assert "customer " in after
    assert synced.plan().empty


def test_a_title_of_a_persons_own_is_no_change_and_is_told(synced: Site):
    issue = synced.issue("bag-000")
    synced.twin.as_person("ann").edit(issue, summary="Ann's own words")
    with synced.bench.deciding() as verbs:
        verbs.rename(synced.topic(issue.key), "A better title")
    synced.sync()
    synced.more("bag", 6)

    (update,) = [a for a in synced.plan().actions if a.key == issue.key and a.effect == "update"]

    assert "title" not in {change.field for change in update.changes}
    assert update.kept == ("title",)
    told = lines(synced.plan(), tracker="jira")
    assert any(line.startswith(f"! conflict {issue.key} title edited") for line in told)


def test_several_topics_on_one_issue_comment_once_in_a_window(synced: Site):
    from bridge.linking import link, unlink

    made = synced.twin.as_person("ann").create("WEB", summary="All of it")
    numbers = [synced.topic(synced.issue(name).key) for name in ("bag-000", "legroom-000")]
    for number in numbers:
        with synced.bench.database.writing() as store:
            unlink(store, f"T-{number}", "ana", synced.bench.now)
        link(synced.bench.context(), number, made.key, "ana")

    synced.sync()
    synced.sync()

    assert len(synced.twin.issue(made.key).comments) == 1
    assert synced.plan().empty


def test_the_list_of_tickets_says_what_the_tracker_says(synced: Site):
    from bridge.store.tickets import ticket_rows

    done, refused = synced.issue("bag-000"), synced.issue("legroom-000")
    synced.twin.as_person("ann").close(done)
    synced.twin.as_person("ann").archive(refused)
    synced.more("legroom", 6)

    synced.bench.sync()

    with synced.bench.database.reading() as store:
        rows = {row["key"]: row for row in ticket_rows(store)}
    assert (rows[done.key]["status"], rows[done.key]["fault"]) == ("Done", None)
    assert rows[refused.key]["status"]
