"""The gateway's own ways, against a Jira of our own in both flavours."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jira_twin import Twin

from bridge.errors import TrackerError, TrackerGone
from bridge.plan import Draft
from bridge.render.document import Document, Paragraph, Text
from bridge.tracker import EvidenceLink, FieldUpdate
from bridge.tracker.jira import JiraSite, JiraTracker

MARK = "fbb-0123456789ab"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
FIGURES = {"reach": "Customers", "mentions": "customfield_10402", "topic": "Feedback topic"}
FIELDS = {
    "customfield_10401": ("Customers", "number"),
    "customfield_10402": ("Mentions", "number"),
    "customfield_10403": ("Feedback topic", "string"),
}


@pytest.fixture(params=["cloud", "dc"])
def twin(request: pytest.FixtureRequest) -> Iterator[Twin]:
    with Twin(flavour=request.param) as made:
        yield made


def connected(twin: Twin, **changes: Any) -> JiraTracker:
    values = {
        "url": twin.url,
        "user": twin.user if twin.flavour == "cloud" else None,
        "token": lambda: twin.token,
        "flavour": twin.flavour,
    }
    return JiraTracker(JiraSite(**(values | changes)), wait=lambda _: None)


@pytest.fixture
def tracker(twin: Twin) -> JiraTracker:
    return connected(twin)


def said(*lines: str) -> Document:
    return Document(tuple(Paragraph((Text(line),)) for line in lines))


def draft(**changes: Any) -> Draft:
    values = {
        "topic": 7,
        "project": "WEB",
        "type": "",
        "kind": "problem",
        "title": "PDF export hangs",
        "document": said("Twelve people say so."),
        "fields": {"reach": 12, "mentions": 15},
        "labels": ("customer-feedback",),
    }
    return Draft(**(values | changes))


def routes(twin: Twin, since: int = 0) -> list[str]:
    return [request.route for request in twin.requests[since:]]


def test_a_new_issue_carries_its_mark_in_the_same_request(twin: Twin, tracker: JiraTracker):
    made = tracker.create(draft(), MARK, "op-1")

    (issue,) = twin.issues()
    assert made.key == issue.key
    assert made.url == f"{twin.url}/browse/{issue.key}"
    assert issue.labels == [MARK, "customer-feedback"]
    assert issue.properties == {"feedback-bridge": {"v": 1, "topic": "T-7", "op": "op-1", "marker": MARK}}
    assert routes(twin).count("POST /issue") == 1
    assert "GET /issue/{id}" not in routes(twin)


def test_a_title_that_jira_would_refuse_is_made_fit(twin: Twin, tracker: JiraTracker):
    made = tracker.create(draft(title="Line one\nline two " + "x" * 400), MARK, "op-1")
    tracker.update(made.id, FieldUpdate(title="a\u2028b\n\x07c"))

    assert "\n" not in twin.issues()[0].fields["summary"]


@pytest.mark.parametrize(
    ("kind", "wanted", "types", "names", "chosen"),
    [
        ("problem", "", ("Task", "Bug"), {}, "Bug"),
        ("request", "", ("Task", "Story"), {}, "Story"),
        ("question", "", ("Bug", "Task"), {}, "Task"),
        ("request", "", ("Idea", "Bug"), {}, "Idea"),
        ("problem", "", ("Task", "Defect", "Bug"), {"problem": "defect"}, "Defect"),
        ("problem", "Incident", ("Bug", "Incident"), {"problem": "Bug"}, "Incident"),
        ("problem", "Incident", ("Task", "Bug"), {}, "Bug"),
    ],
)
def test_the_type_is_the_wanted_the_configured_the_usual_or_the_first(
    twin: Twin, kind: str, wanted: str, types: tuple[str, ...], names: dict[str, str], chosen: str
):
    twin.project("APP", types=types)

    connected(twin, types=names).create(draft(project="APP", kind=kind, type=wanted), MARK, "op-1")

    assert twin.issues("APP")[0].type == chosen


def test_figures_stand_in_the_fields_that_the_settings_name(twin: Twin):
    twin.project("WEB", fields=FIELDS)
    tracker = connected(twin, fields=FIGURES)
    made = tracker.create(draft(), MARK, "op-1")
    first = tracker.look(made.id)

    tracker.update(made.id, FieldUpdate(figures={"reach": 13}))

    second = tracker.look(made.id)
    assert first is not None
    assert second is not None
    assert first.figures == {"reach": 12, "mentions": 15, "topic": "T-7"}
    assert second.figures == {"reach": 13, "mentions": 15, "topic": "T-7"}


def test_a_figure_in_a_text_field_is_a_text(twin: Twin):
    kinds = {
        "customfield_10401": ("Customers", "string"),
        "customfield_10403": ("Feedback topic", "textarea"),
    }
    twin.project("WEB", fields=kinds)
    tracker = connected(twin, fields={"reach": "Customers", "topic": "Feedback topic"})

    made = tracker.create(draft(), MARK, "op-1")

    found = tracker.look(made.id)
    assert found is not None
    assert found.figures == {"reach": "12", "topic": "T-7"}


def test_a_figure_that_is_on_no_screen_is_left_out(twin: Twin):
    tracker = connected(twin, fields={"reach": "Nowhere", "mentions": "customfield_99999"})

    tracker.create(draft(), MARK, "op-1")

    assert len(twin.issues()) == 1


def test_a_field_that_goes_from_the_screen_between_runs_is_left_out_and_remembered(twin: Twin):
    twin.project("WEB", fields=FIELDS)
    tracker = connected(twin, fields=FIGURES)
    first = tracker.create(draft(), MARK, "op-1")
    twin.project("WEB", hidden={"customfield_10401"})

    tracker.create(draft(), MARK, "op-2")
    before = len(twin.requests)
    tracker.create(draft(), MARK, "op-3")
    tracker.update(first.id, FieldUpdate(title="New", figures={"reach": 13, "mentions": 16}))

    assert len(twin.issues()) == 3
    assert routes(twin, before).count("POST /issue") == 1
    assert twin.issues()[0].fields["summary"] == "New"
    assert twin.issues()[0].fields["customfield_10402"] == 16


def test_where_labels_cannot_be_set_the_mark_is_the_last_line_and_found_there(twin: Twin):
    twin.project("WEB", hidden={"labels"})
    tracker = connected(twin)

    made = tracker.create(draft(), MARK, "op-1")

    found = tracker.look(made.id)
    assert found is not None
    assert found.labels == frozenset()
    assert tracker.format.plain(found.description).strip().endswith(MARK)
    assert tracker.format.block(found.description) == tracker.format.canonical(draft().document)
    assert [issue.id for issue in connected(twin).find(MARK)] == [made.id]


def test_a_label_with_blanks_is_made_one(twin: Twin, tracker: JiraTracker):
    made = tracker.create(draft(labels=("customer feedback",)), MARK, "op-1")
    tracker.update(made.id, FieldUpdate(add_labels=("grows fast",)))

    assert twin.issues()[0].labels == [MARK, "customer-feedback", "grows-fast"]


def test_a_figure_that_a_field_cannot_hold_does_not_empty_it(twin: Twin):
    twin.project("WEB", fields=FIELDS)
    tracker = connected(twin, fields={"topic": "Customers"})
    made = tracker.create(draft(), MARK, "op-1")
    twin.as_person().edit(made.id, customfield_10401=5)

    tracker.update(made.id, FieldUpdate(title="New", figures={"topic": "T-7"}))

    assert twin.issues()[0].fields["customfield_10401"] == 5


def test_a_required_field_that_nobody_fills_is_told_before_anything_is_sent(twin: Twin, tracker: JiraTracker):
    twin.project("WEB", required={"Bug": {"customfield_10050": "Severity"}})

    with pytest.raises(TrackerError, match=r"WEB, type Bug.*Severity \(customfield_10050\)") as caught:
        tracker.create(draft(), MARK, "op-1")

    assert list(caught.value.fields) == ["customfield_10050"]
    assert "POST /issue" not in routes(twin)
    assert [field.name for field in tracker.missing("WEB", "problem")] == ["Severity"]
    assert tracker.missing("WEB", "Task") == []


def test_a_field_required_since_the_last_create_is_told_by_jira(twin: Twin, tracker: JiraTracker):
    tracker.create(draft(), MARK, "op-1")
    twin.project("WEB", required={"Bug": {"customfield_10050": "Severity"}})

    with pytest.raises(TrackerError, match="Severity is required") as caught:
        tracker.create(draft(), MARK, "op-2")
    twin.project("WEB", required={"Bug": {}})
    tracker.create(draft(), MARK, "op-3")

    assert list(caught.value.fields) == ["customfield_10050"]
    assert len(twin.issues()) == 2


def test_without_the_right_to_create_the_error_names_the_project(twin: Twin, tracker: JiraTracker):
    tracker.create(draft(), MARK, "op-1")
    twin.deny("WEB", "CREATE_ISSUES")

    for again in ("op-2", "op-3"):
        with pytest.raises(TrackerError, match="WEB"):
            tracker.create(draft(), MARK, again)

    assert len(twin.issues()) == 1
    assert tracker.permissions("WEB") == ["CREATE_ISSUES"]


def test_a_copy_that_a_person_made_comes_after_the_ticket(twin: Twin, tracker: JiraTracker):
    person = twin.as_person()
    strange = person.create("WEB", "By hand", labels=[MARK])
    made = tracker.create(draft(), MARK, "op-1")
    copy = person.clone(made.key)

    assert [issue.id for issue in tracker.find(MARK)] == [made.id, strange.id, copy.id]


def test_more_hits_than_a_page_are_all_found(twin: Twin, tracker: JiraTracker):
    person = twin.as_person()
    ids = [person.create("WEB", f"Copy {n}", labels=[MARK]).id for n in range(130)]
    made = tracker.create(draft(), MARK, "op-1")

    assert [issue.id for issue in tracker.find(MARK)] == [made.id, *ids]


def test_a_page_token_that_ran_out_begins_the_search_again(twin: Twin, tracker: JiraTracker):
    person = twin.as_person()
    ids = {person.create("WEB", f"Copy {n}", labels=[MARK]).id for n in range(130)}
    twin.fault("page-token", mode="expired")

    assert {issue.id for issue in tracker.find(MARK)} == ids


def test_the_libraries_beneath_never_log_what_passes(twin: Twin, tracker: JiraTracker):
    for name in ("jira", "urllib3"):
        logging.getLogger(name).setLevel(logging.DEBUG)

    tracker.account()

    for name in ("jira", "jira.resilientsession", "urllib3.connectionpool"):
        assert logging.getLogger(name).getEffectiveLevel() >= logging.WARNING


def test_the_label_is_sought_to_the_letter(twin: Twin, tracker: JiraTracker):
    twin.as_person().create("WEB", "By hand", labels=[MARK + "-old"])

    assert tracker.find(MARK) == []


@pytest.mark.parametrize("count", [1, 100, 101])
def test_a_quiet_sync_costs_a_call_for_a_hundred_tickets_and_no_other(twin: Twin, count: int):
    person = twin.as_person()
    ids = [person.create("WEB", f"Issue {n}").id for n in range(count)]
    tracker = connected(twin)

    found = tracker.read(ids)

    assert list(found) == ids
    expected = "POST /issue/bulkfetch" if twin.flavour == "cloud" else "POST /search"
    assert routes(twin) == [expected] * (1 if count <= 100 else 2)


def test_what_the_index_leaves_out_is_read_past_it(twin: Twin, tracker: JiraTracker):
    person = twin.as_person()
    ids = [person.create("WEB", f"Issue {n}").id for n in range(5)]
    person.archive(ids[1])
    person.delete(ids[2])

    found = tracker.read([*ids, "99999999"])

    assert list(found) == [ids[0], ids[1], ids[3], ids[4]]


def test_a_ticket_is_read_with_all_that_people_did_to_it(twin: Twin, tracker: JiraTracker):
    person = twin.as_person()
    twin.project("APP")
    made = tracker.create(draft(), MARK, "op-1")
    other = person.create("WEB", "Other")
    person.edit(made.id, assignee="ann")
    person.set_fix_version(made.id, "2.4")
    person.release("WEB", "2.4")
    person.link(made.id, other, "Duplicate")
    person.close(made.id, "Won't Do")

    found = tracker.read([made.id])[made.id]

    assert (found.category, found.is_done, found.resolution) == ("done", True, "Won't Do")
    assert found.resolved_at is not None
    assert found.resolved_at.tzinfo is not None
    assert [(one.name, one.released) for one in found.versions] == [("2.4", True)]
    assert found.versions[0].on is not None
    assert found.assignee is not None
    assert [(one.id, one.key, one.how) for one in found.joined] == [(other.id, other.key, "Duplicate")]


def test_a_moved_ticket_keeps_its_id_and_changes_key_and_project(twin: Twin, tracker: JiraTracker):
    twin.project("APP")
    made = tracker.create(draft(), MARK, "op-1")
    key = twin.as_person().move(made.id, "APP")

    found = tracker.read([made.id])[made.id]

    assert (found.id, found.key, found.project) == (made.id, key, "APP")
    assert found.url == f"{twin.url}/browse/{key}"
    assert tracker.look(made.key) is not None


def test_links_lead_to_the_address_that_people_use(twin: Twin):
    tracker = connected(twin, site_url="https://acme.example/jira/")

    made = tracker.create(draft(), MARK, "op-1")

    assert made.url == f"https://acme.example/jira/browse/{made.key}"


def test_edits_of_people_are_told_from_ours(twin: Twin, tracker: JiraTracker):
    made = tracker.create(draft(), MARK, "op-1")
    tracker.update(made.id, FieldUpdate(title="Ours"))
    twin.as_person().edit(made.id, summary="Theirs")
    twin.as_person().edit_description(made.id, "All new")

    edits = tracker.history(made.id, LONG_AGO)

    told = [(edit.field, edit.after, edit.ours) for edit in edits if edit.field == "title"]
    assert told == [("title", "Ours", True), ("title", "Theirs", False)]
    assert [edit.ours for edit in edits if edit.field == "description"] == [False]


def test_a_long_history_is_read_from_its_end(twin: Twin, tracker: JiraTracker):
    person = twin.as_person()
    made = tracker.create(draft(), MARK, "op-1")
    for n in range(320):
        person.edit(made.id, summary=f"Title {n}")

    every = [edit.after for edit in tracker.history(made.id, LONG_AGO)]
    before = len(twin.requests)
    tracker.history(made.id, twin.now)

    assert every == [f"Title {n}" for n in range(320)]
    assert len(twin.requests) - before <= 2


def test_comments_of_people_have_no_op(twin: Twin, tracker: JiraTracker):
    made = tracker.create(draft(), MARK, "op-1")
    comment = tracker.comment(made.id, said("It grew."), "op-2")
    twin.as_person().comment(made.id, "Thanks")

    found = tracker.comments(made.id)

    assert [one.op for one in found] == [None, "op-2"]
    assert found[1].id == comment


def test_more_comments_than_a_page_are_all_read(twin: Twin, tracker: JiraTracker):
    made = tracker.create(draft(), MARK, "op-1")
    tracker.comment(made.id, said("First."), "op-2")
    for n in range(130):
        twin.as_person().comment(made.id, f"Comment {n}")

    found = tracker.comments(made.id)

    assert len(found) == 131
    assert found[-1].op == "op-2"


def test_a_comment_never_reaches_a_service_desks_customers(twin: Twin):
    twin.project("HELP", kind="service_desk")
    tracker = connected(twin, service_desks_allowed=True)
    tracker.ready(["HELP"])
    made = tracker.create(draft(project="HELP"), MARK, "op-1")

    tracker.comment(made.id, said("It grew."), "op-2")

    (comment,) = twin.issues("HELP")[0].comments
    assert comment.properties == {
        "feedback-bridge.op": {"op": "op-2"},
        "sd.public.comment": {"internal": True},
    }


def test_evidence_is_one_link_for_one_item_however_often_it_is_sent(twin: Twin, tracker: JiraTracker):
    made = tracker.create(draft(), MARK, "op-1")
    for title in ("Ticket 1", "Ticket 1, solved"):
        tracker.attach(
            made.id, EvidenceLink(global_id="default:T-7:1", url="https://desk.example/1", title=title)
        )
    tracker.attach(made.id, EvidenceLink(global_id="default:T-7:2", url="https://desk.example/2", title="b"))

    tracker.detach(made.id, "default:T-7:2")

    (link,) = twin.issues()[0].remote_links
    assert (link.global_id, link.object["title"]) == ("default:T-7:1", "Ticket 1, solved")
    assert link.relationship == "customer evidence"


def test_readiness_names_every_project_that_is_wrong(twin: Twin, tracker: JiraTracker):
    twin.project("OLD", archived=True)
    twin.project("HELP", kind="service_desk")

    with pytest.raises(TrackerError) as caught:
        tracker.ready(["WEB", "OLD", "HELP", "NOPE"])

    told = str(caught.value)
    assert "OLD is archived" in told
    assert "HELP is a service desk" in told
    assert "NOPE isn't there" in told
    assert "WEB" not in told


def test_a_link_of_a_kind_that_there_is_not_just_relates(twin: Twin, tracker: JiraTracker):
    first, second = (tracker.create(draft(), MARK, f"op-{n}") for n in (1, 2))

    tracker.join(first.id, second.key, "Is about")
    tracker.join(first.id, second.id, "is about")

    found = tracker.look(first.id)
    assert found is not None
    assert [(one.id, one.how) for one in found.joined] == [(second.id, "Relates")]
    assert routes(twin).count("POST /issueLink") == 1


def test_a_screen_that_asks_for_a_resolution_gets_the_first_that_is_allowed(twin: Twin):
    twin.project("OLD", workflow="classic")
    tracker = connected(twin)
    made = tracker.create(draft(project="OLD"), MARK, "op-1")

    done = tracker.move(made.id, "done")
    back = tracker.move(made.id, "new")

    assert (done.category, done.resolution) == ("done", "Done")
    assert back.category == "new"


def test_an_issue_that_is_there_already_is_not_moved(twin: Twin, tracker: JiraTracker):
    made = tracker.create(draft(), MARK, "op-1")
    twin.as_person().close(made.id)
    before = len(twin.requests)

    tracker.move(made.id, "done")

    assert routes(twin, before) == ["GET /issue/{id}"]


def test_without_the_right_to_move_the_error_says_so(twin: Twin, tracker: JiraTracker):
    made = tracker.create(draft(), MARK, "op-1")
    twin.deny("WEB", "TRANSITION_ISSUES")

    with pytest.raises(TrackerError, match="TRANSITION_ISSUES"):
        tracker.move(made.id, "done")


def test_a_conflict_while_moving_is_read_again_once(twin: Twin, tracker: JiraTracker):
    made = tracker.create(draft(), MARK, "op-1")
    twin.fault("conflict", route="POST /issue/{id}/transitions")

    assert tracker.move(made.id, "done").is_done

    twin.fault("conflict", route="POST /issue/{id}/transitions", times=None)
    with pytest.raises(TrackerError):
        tracker.move(made.id, "new")


def test_a_move_that_was_done_is_done_though_it_cannot_be_read_afterwards(twin: Twin, tracker: JiraTracker):
    made = tracker.create(draft(), MARK, "op-1")
    twin.fault("unavailable", route="GET /issue/{id}", nth=2, times=None)

    done = tracker.move(made.id, "done")

    assert (done.id, done.category) == (made.id, "done")
    assert twin.issues()[0].category == "done"


def test_a_deleted_ticket_is_gone_for_every_verb(twin: Twin, tracker: JiraTracker):
    made = tracker.create(draft(), MARK, "op-1")
    twin.as_person().delete(made.id)

    assert tracker.look(made.id) is None
    assert tracker.read([made.id]) == {}
    for verb in (
        lambda: tracker.update(made.id, FieldUpdate(title="New")),
        lambda: tracker.comment(made.id, said("x"), "op-2"),
        lambda: tracker.move(made.id, "done"),
        lambda: tracker.history(made.id, LONG_AGO),
        lambda: tracker.comments(made.id),
    ):
        with pytest.raises(TrackerGone):
            verb()


def test_an_archived_ticket_refuses_but_nothing_else_stops(twin: Twin, tracker: JiraTracker):
    made = tracker.create(draft(), MARK, "op-1")
    twin.as_person().archive(made.id)

    with pytest.raises(TrackerError):
        tracker.update(made.id, FieldUpdate(title="New"))

    assert tracker.look(made.id) is not None


def test_a_project_that_jira_does_not_know_has_nothing_alike(tracker: JiraTracker):
    assert tracker.alike("NOPE", ["export"], 5) == []


def test_alike_gives_no_more_than_asked_for(twin: Twin, tracker: JiraTracker):
    for n in range(4):
        twin.as_person().create("WEB", f"Export {n}")

    assert len(tracker.alike("WEB", ["export"], 3)) == 3


def test_scoped_tokens_work_by_the_gateways_address(twin: Twin):
    if twin.flavour == "dc":
        pytest.skip("Data Center has no gateway")
    tracker = connected(twin, url=twin.gateway_url, site_url="https://acme.atlassian.net")

    made = tracker.create(draft(), MARK, "op-1")

    assert made.url == f"https://acme.atlassian.net/browse/{made.key}"


def test_every_verb_keeps_to_the_published_description(request: pytest.FixtureRequest):
    folder = os.environ.get("JIRA_CONTRACTS")
    if not folder:
        pytest.skip("JIRA_CONTRACTS names no folder with the published descriptions")
    for flavour in ("cloud", "dc"):
        with Twin(flavour=flavour, contracts=Path(folder)) as twin:
            twin.project("WEB", fields=FIELDS)
            _use_everything(twin, connected(twin, fields=FIGURES, flavour="auto"))
            assert [one for one in twin.violations if one.startswith("request")] == []


def _use_everything(twin: Twin, tracker: JiraTracker) -> None:
    tracker.ready(["WEB"])
    assert tracker.permissions("WEB") == []
    assert tracker.missing("WEB", "problem") == []
    first, second = (tracker.create(draft(), MARK, f"op-{n}") for n in (1, 2))
    assert len(tracker.find(MARK)) == 2
    assert len(tracker.read([first.id, second.id, "99999999"])) == 2
    tracker.update(first.id, FieldUpdate(title="New", figures={"reach": 13}, add_labels=("a",)))
    comment = tracker.comment(first.id, said("It grew."), "op-3")
    tracker.edit_comment(first.id, comment, said("It grew twice."))
    assert tracker.comments(first.id)[0].op == "op-3"
    assert tracker.history(first.id, LONG_AGO)
    tracker.attach(first.id, EvidenceLink(global_id="g", url="https://x.example", title="x"))
    tracker.detach(first.id, "g")
    tracker.join(first.id, second.id, "Duplicate")
    tracker.move(first.id, "done")
    assert tracker.alike("WEB", ["export"], 5)
    assert tracker.look(first.id) is not None
