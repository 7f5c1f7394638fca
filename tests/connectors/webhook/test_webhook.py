"""Payloads become messages by the mapping of the settings, and what can't is set aside with its reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import Checkpoint, Message, Receives, Rejected, Source, Upsert
from connectors.errors import BadSettings
from connectors.registry import build, names
from connectors.webhook import Webhook

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRET = "a secret of these tests"  # noqa: S105 - not one
COLUMNS = {"text": "comment.body", "id": "comment.id", "at": "comment.created_at", "author": "$.user.login"}


def hook(**values: Any) -> Webhook:
    return Webhook(**{"secret": SECRET, "columns": COLUMNS, **values})


def events(payload: Any, **values: Any) -> list[Any]:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return list(hook(**values).parse({}, raw, NOW))


def messages(payload: Any, **values: Any) -> list[Message]:
    return [event.message for event in events(payload, **values) if isinstance(event, Upsert)]


def reasons(payload: Any, **values: Any) -> list[str]:
    return [event.reason for event in events(payload, **values) if isinstance(event, Rejected)]


def said(number: int = 1, **values: Any) -> dict[str, Any]:
    comment = {"id": number, "body": f"Words {number}.", "created_at": "2026-11-20T10:00:00+02:00"}
    return {"comment": {**comment, **values}, "user": {"login": "@ana"}}


def test_a_payload_of_one_item_becomes_a_message():
    (message,) = messages(said())

    assert (message.external_id, message.text) == ("1", "Words 1.")
    assert message.said_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert message.author
    assert message.author.handle == "ana"


def test_a_payload_may_hold_many():
    listed = {"entries": [said(1), said(2)], "sent_by": "desk"}

    assert [m.external_id for m in messages([said(1), said(2)])] == ["1", "2"]
    assert [m.external_id for m in messages(listed, items="entries")] == ["1", "2"]
    assert [m.external_id for m in messages(listed, items="$.entries[*]")] == ["1", "2"]
    chosen = "$.entries[?@.comment.id == 2]"
    assert [m.external_id for m in messages(listed, items=chosen)] == ["2"]


def test_a_path_may_be_of_the_whole_payload_and_a_text_of_many_parts():
    payload = {"form": {"token": "f1"}, "rows": [{"a": [{"say": "First."}, {"say": "Second."}, {"say": ""}]}]}
    columns = {"text": "$.a[*].say", "thread": "^form.token"}

    (message,) = messages(payload, items="rows", columns=columns)

    assert message.text == "First.\nSecond."
    assert message.thread == "f1"
    assert message.said_at == NOW


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (said(body=""), "text: 'comment.body' is empty"),
        ({"user": 1}, "text: 'comment.body' is empty"),
        (
            said(body={"html": "x"}),
            "'comment.body' is an object; name what is in it, such as comm",
        ),
        (said(body=["x"]), "'comment.body' is a list"),
        (said(id=None), "id: 'comment.id' is empty"),
        (said(created_at="31/31/2026"), "at: '31/31/2026' is not a date we can read"),
        ("words", "not a JSON object but str"),
        ('{"comment": {"body": "JSON within a text of JSON"}}', "not a JSON object but str"),
        ([1], "not a JSON object but int"),
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"comment": NaN}', "not JSON: NaN is no number of JSON"),
        (b"[" * 100_000, "not JSON: nested too deeply"),
        (b"9" * 5000, "not JSON"),
    ],
)
def test_what_cant_be_a_message_is_set_aside_with_its_reason(payload: Any, reason: str):
    (found,) = reasons(payload)

    assert found.startswith(reason)


def test_deep_json_below_the_readers_limit_is_answered_too():
    deep: dict[str, Any] = {}
    for _ in range(800):
        deep = {"a": deep}

    (plain,) = messages({**said(), "deep": deep})
    assert plain.text == "Words 1."
    for everywhere in ({"columns": {"text": "$..body"}}, {"items": "$..nothing"}):
        (reason,) = reasons({**said(), "deep": deep}, **everywhere)
        assert "deep" in reason or "recursion" in reason


def test_what_is_set_aside_is_kept_as_it_came_and_cut():
    (event,) = events(said(body="", note="x" * 5000))

    assert isinstance(event, Rejected)
    assert event.raw.startswith('{"comment": {"id": 1')
    assert len(event.raw) == 2000


def test_nothing_of_ours_in_a_payload_is_no_fault():
    assert events({"type": "ping"}, items="$.entries[*]") == []


def test_numbers_and_truths_are_read_as_text():
    (message,) = messages(
        said(id=12, rating=4), columns={**COLUMNS, "rating": "comment.rating"}, rating_max=5
    )

    assert (message.external_id, message.rating) == ("12", 0.8)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"columns": {}}, "columns must say where the text is"),
        ({"columns": {"txt": "a"}}, "'txt'.* Did you mean 'text'"),
        ({"columns": {"text": "a["}}, "'a\\[' is no JSONPath"),
        ({"items": "$."}, "is no JSONPath"),
        ({"scheme": "stripes"}, "'stripes'. Did you mean 'stripe'"),
        ({"scheme": "github"}, "without_timestamp = true"),
        ({"secret": "short"}, "16 characters"),
        ({"secret": 1}, "secret is not text"),
        ({"max_bytes": 10}, "max_bytes"),
        ({"per_minute": True}, "per_minute"),
        ({"without_timestamp": "no"}, "neither true nor false"),
        ({"timezone": "Mars"}, "timezone"),
        ({"staff": "Ana"}, "not a list of names"),
        ({"rating_max": 0}, "rating_max"),
        ({"signed": "{body}{timestamp}"}, "must end with"),
    ],
)
def test_settings_that_cant_work_are_refused(values: dict[str, Any], named: str):
    with pytest.raises(BadSettings, match=named) as caught:
        hook(**values)
    assert SECRET not in str(caught.value)


def test_it_is_found_by_its_name_and_can_be_sent_to_but_not_pulled():
    found = build("webhook", {"secret": SECRET, "columns": COLUMNS})

    assert "webhook" in names()
    assert isinstance(found, Source)
    assert isinstance(found, Receives)
    assert list(found.pull({"v": 1})) == [Checkpoint({"v": 1})]
    assert found.check().ok


def test_the_secret_never_shows():
    found = hook(secret=f"{SECRET}\nanother one, long enough")

    assert SECRET not in repr(found)
    assert SECRET not in found.check().message
    assert "2 secrets" in found.check().message


FIELDS = st.sampled_from(["comment", "body", "id", "created_at", "user", "login"])
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner),
    max_leaves=12,
)


@given(payload=JSON)
def test_any_json_gives_messages_or_reasons_and_the_same_ones_again(payload: Any):
    found = events(payload)

    assert found == events(payload)
    assert all(isinstance(event, Upsert | Rejected) for event in found)
    assert all(event.reason and event.where for event in found if isinstance(event, Rejected))
    expected = len(payload) if isinstance(payload, list) else 1
    assert len(found) == expected


@given(
    texts=st.lists(st.text(alphabet=st.characters(codec="utf-8"), min_size=1).filter(str.strip), max_size=5)
)
def test_every_text_comes_through_as_it_was_sent(texts: list[str]):
    payload = [said(number, body=text) for number, text in enumerate(texts)]

    assert [message.text for message in messages(payload)] == texts


@given(raw=st.binary(max_size=200))
def test_any_bytes_get_an_answer(raw: bytes):
    assert all(isinstance(event, Upsert | Rejected) for event in events(raw))
