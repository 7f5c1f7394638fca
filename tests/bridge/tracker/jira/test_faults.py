"""What comes of requests that go wrong, against a Jira of our own."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from jira_twin import Twin

from bridge.errors import (
    InDoubt,
    TrackerDenied,
    TrackerError,
    TrackerThrottled,
    TrackerUnreachable,
)
from bridge.plan import Draft
from bridge.render.document import Document, Paragraph, Text
from bridge.tracker.jira import JiraSite, JiraTracker

TOKEN = "token-that-nobody-may-see"  # noqa: S105 - of a test server
QUOTE = "the export eats my invoices, says a customer"
MARK = "fbb-0123456789ab"


@pytest.fixture(params=["cloud", "dc"])
def twin(request: pytest.FixtureRequest) -> Iterator[Twin]:
    with Twin(flavour=request.param) as made:
        made.token = TOKEN
        yield made


class Waits(list[float]):
    """Waiting, written down instead of done."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def tracker(twin: Twin, waits: Waits) -> JiraTracker:
    return connected(twin, waits)


def connected(twin: Twin, waits: Waits, **changes: Any) -> JiraTracker:
    values = {
        "url": twin.url,
        "user": twin.user if twin.flavour == "cloud" else None,
        "token": lambda: TOKEN,
        "flavour": twin.flavour,
        "timeout": (1.0, 0.4),
    }
    return JiraTracker(JiraSite(**(values | changes)), wait=waits)


def draft(title: str = "PDF export hangs") -> Draft:
    document = Document((Paragraph((Text(QUOTE),)),))
    fields = {"reach": 12}
    return Draft(
        topic=7, project="WEB", type="", kind="problem", title=title, document=document, fields=fields
    )


def posts(twin: Twin) -> int:
    return sum(request.route == "POST /issue" for request in twin.requests)


CREATES: list[tuple[str, dict[str, Any], type[Exception], int]] = [
    ("throttle", {}, TrackerThrottled, 0),
    ("unavailable", {}, InDoubt, 0),
    ("unavailable", {"retry_after": 5}, InDoubt, 0),
    ("unavailable", {"committed": True}, InDoubt, 1),
    ("reset-before", {}, InDoubt, 0),
    ("proxy-html", {}, InDoubt, 0),
    ("proxy-html", {"committed": True, "status": 504}, InDoubt, 1),
    ("login-page", {}, InDoubt, 0),
    ("unauthorised", {"body": "json"}, TrackerDenied, 0),
    ("unauthorised", {"body": "plain"}, TrackerDenied, 0),
    ("unauthorised", {"body": "html"}, TrackerDenied, 0),
    ("expired-anonymous", {}, TrackerDenied, 0),
    ("limit-413", {}, TrackerError, 0),
    ("conflict", {}, TrackerError, 0),
    ("reset-after", {}, InDoubt, 1),
    ("commit-then-silence", {"seconds": 3}, InDoubt, 1),
    ("commit-then-stall", {"seconds": 3}, InDoubt, 1),
    ("truncated", {}, InDoubt, 1),
]


@pytest.mark.parametrize(("name", "detail", "error", "made"), CREATES)
def test_a_create_is_sent_once_and_its_outcome_is_told_truly(
    twin: Twin,
    tracker: JiraTracker,
    waits: Waits,
    name: str,
    detail: dict[str, Any],
    error: type[Exception],
    made: int,
):
    twin.fault(name, route="POST /issue", times=None, **detail)

    with pytest.raises((TrackerError, InDoubt)) as caught:
        tracker.create(draft(), MARK, "op-1")

    assert type(caught.value) is error or (error is TrackerError and isinstance(caught.value, TrackerError))
    assert posts(twin) == 1
    assert len(twin.issues()) == made
    assert waits == []


def test_a_slow_create_is_a_create(twin: Twin, tracker: JiraTracker):
    twin.fault("slow", route="POST /issue", seconds=0.1)

    tracker.create(draft(), MARK, "op-1")

    assert (posts(twin), len(twin.issues())) == (1, 1)


def test_a_create_on_a_closed_port_was_never_sent(waits: Waits):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        site = JiraSite(url=f"http://127.0.0.1:{taken.getsockname()[1]}", token=lambda: TOKEN, flavour="dc")
        tracker = JiraTracker(site, wait=waits)
        with pytest.raises(TrackerUnreachable):
            tracker.edit_comment("1", "2", draft().document)


def test_what_was_refused_before_does_not_make_a_lost_answer_unsent(twin: Twin, waits: Waits):
    nowhere = JiraTracker(JiraSite(url="http://127.0.0.1:1", token=lambda: TOKEN, flavour="dc"), wait=waits)
    tracker = connected(twin, waits)
    twin.fault("reset-after", route="POST /issue")

    try:
        nowhere.edit_comment("1", "2", draft().document)
    except TrackerUnreachable:
        with pytest.raises(InDoubt):
            tracker.create(draft(), MARK, "op-1")


def test_reads_wait_as_long_as_they_are_asked_to_and_try_again(
    twin: Twin, tracker: JiraTracker, waits: Waits
):
    twin.fault("throttle", route="GET /myself", times=2, retry_after=7)

    assert tracker.account().id

    assert len(waits) == 2
    assert all(wait >= 7 for wait in waits)


def test_reads_back_off_twice_as_long_each_time_and_give_up_after_four(
    twin: Twin, tracker: JiraTracker, waits: Waits
):
    twin.fault("unavailable", route="GET /myself", times=None)

    with pytest.raises(TrackerUnreachable):
        tracker.account()

    assert len(waits) == 3
    assert all(
        low <= wait <= high
        for wait, (low, high) in zip(waits, [(1.4, 2.6), (2.8, 5.2), (5.6, 10.4)], strict=True)
    )


def test_a_read_that_is_asked_to_wait_for_half_an_hour_does_not(
    twin: Twin, tracker: JiraTracker, waits: Waits
):
    twin.fault("throttle", route="GET /myself", retry_after=1847, reason="jira-quota-global-based")

    with pytest.raises(TrackerThrottled) as caught:
        tracker.account()

    assert (caught.value.after, caught.value.scope, waits) == (1847, "site", [])


@pytest.mark.parametrize(
    ("reason", "scope"),
    [
        ("jira-per-issue-on-write", "issue"),
        ("jira-burst-based", "endpoint"),
        ("jira-quota-tenant-based", "site"),
    ],
)
def test_being_asked_to_wait_says_for_what(twin: Twin, tracker: JiraTracker, reason: str, scope: str):
    twin.fault("throttle", route="POST /issue", retry_after="http-date", reason=reason)

    with pytest.raises(TrackerThrottled) as caught:
        tracker.create(draft(), MARK, "op-1")

    assert caught.value.after == pytest.approx(5, abs=2)
    if twin.flavour == "cloud":
        assert caught.value.scope == scope


@pytest.mark.parametrize("name", ["reset-before", "truncated", "commit-then-silence", "proxy-html"])
def test_a_read_that_is_lost_once_is_read_again(twin: Twin, tracker: JiraTracker, waits: Waits, name: str):
    twin.fault(name, route="GET /myself")

    assert tracker.account().id

    assert len(waits) == 1


def test_a_login_page_where_data_should_be_is_said_to_be_one(twin: Twin, tracker: JiraTracker):
    twin.fault("login-page", route="GET /myself", times=None)

    with pytest.raises(TrackerUnreachable, match="login page"):
        tracker.account()


def test_an_expired_token_that_finds_nothing_is_not_believed(twin: Twin, tracker: JiraTracker):
    tracker.create(draft(), MARK, "op-1")
    twin.fault("expired-anonymous", times=None)

    with pytest.raises(TrackerDenied, match="token"):
        tracker.find(MARK)


def test_a_page_token_that_repeats_ends_with_what_there_is(twin: Twin, tracker: JiraTracker):
    made = tracker.create(draft(), MARK, "op-1")
    twin.fault("page-token", times=None, mode="repeating")

    assert [issue.id for issue in tracker.find(MARK)] == [made.id]


def test_nothing_of_a_customer_or_a_token_is_logged_or_said(
    twin: Twin, waits: Waits, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    said = []
    for name, detail, _, _ in CREATES:
        tracker = connected(twin, waits)
        twin.fault(name, route="POST /issue", **detail)
        with pytest.raises((TrackerError, InDoubt)) as caught:
            tracker.create(draft("Invoices are eaten"), MARK, "op-1")
        said.append(f"{caught.value} {caught.value!r} {caught.value.__cause__!r}")
        twin.clear_faults()

    told = "\n".join([*said, *(record.getMessage() for record in caplog.records)])
    assert "POST issue" in told
    for secret in (TOKEN, QUOTE, "Invoices are eaten", twin.user):
        assert secret not in told
