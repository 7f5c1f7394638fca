"""Rich text is a document on v3 and a string on v2, each with its limits."""

from __future__ import annotations

import pytest
from jira_twin import Caller, Twin, adf


def test_v3_wants_documents_and_v2_strings(cloud, on_cloud):
    old = Caller(cloud, version="2")
    made = on_cloud.make().json()

    string = on_cloud("POST", f"/issue/{made['id']}/comment", {"body": "plain"})
    wiki = old("POST", f"/issue/{made['id']}/comment", {"body": "one\ntwo"})

    assert string.json() == {"errorMessages": [], "errors": {"comment": "Comment body is not valid!"}}
    assert wiki.json()["body"] == "one\ntwo"
    read = on_cloud("GET", f"/issue/{made['id']}/comment").json()["comments"][0]["body"]
    assert read == adf.from_text("one\ntwo")
    assert (
        on_cloud.make(description="plain")
        .json()["errors"]["description"]
        .startswith("Operation value must be an")
    )
    old.session.close()


@pytest.mark.parametrize(
    "body",
    [
        {"type": "doc", "version": 1, "content": [{"type": "script", "text": "x"}]},
        {
            "type": "doc",
            "version": 1,
            "content": [{"type": "paragraph", "content": [{"type": "text", "text": ""}]}],
        },
        {
            "type": "doc",
            "version": 1,
            "content": [{"type": "bulletList", "content": [{"type": "paragraph"}]}],
        },
        {"type": "paragraph", "content": []},
        {"type": "doc", "version": 1},
    ],
)
def test_an_invalid_document_is_refused(body):
    with Twin("cloud", fake_clock=True) as twin:
        call = Caller(twin)
        answer = call.make(description=body)
        call.session.close()

    assert answer.status_code == 400
    assert twin.issues() == []


@pytest.mark.parametrize("letters", [32_767, 32_768])
def test_data_center_takes_32767_characters_and_no_more(dc, on_dc, letters):
    made = on_dc.make().json()

    answer = on_dc("POST", f"/issue/{made['id']}/comment", {"body": "x" * letters})

    assert answer.status_code == (201 if letters == 32_767 else 400)
    if letters > 32_767:
        assert "32767" in answer.json()["errors"]["comment"]


def test_cloud_counts_the_document(on_cloud):
    answer = on_cloud.make(description=adf.from_text("x" * 32_700))

    assert "32,767" in answer.json()["errors"]["description"]
