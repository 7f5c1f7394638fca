from __future__ import annotations

from typing import Any

import pytest

from bridge.merging import Merged, Wanted, merge, written_at_first
from bridge.render.adf import Adf
from bridge.render.document import Document, Paragraph, Text
from bridge.render.format import Format
from bridge.render.markdown import Markdown
from bridge.render.wiki import Wiki
from bridge.tracker import Remote

FORMATS = [Adf(), Wiki(), Markdown()]


def document(text: str) -> Document:
    return Document((Paragraph((Text(text),)),))


OLD = Wanted(title="Bags are lost", document=document("9 people said this"), figures={"reach": 9})
NEW = Wanted(title="Bags get lost", document=document("12 people said this"), figures={"reach": 12})


def issue(fmt: Format, **rest: Any) -> Remote:
    usual: dict[str, Any] = {
        "id": "1",
        "key": "WEB-1",
        "title": OLD.title,
        "description": fmt.wrap(OLD.document),
        "figures": {"reach": 9},
    }
    return Remote(**usual | rest)


def merged(fmt: Format, now: Remote, theirs: tuple[str, ...] = (), wanted: Wanted = NEW) -> Merged:
    return merge(wanted, now, written_at_first(OLD, fmt), theirs, fmt)


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda f: f.name)
def test_what_nobody_touched_is_brought_up_to_date(fmt: Format):
    found = merged(fmt, issue(fmt))

    assert found.title == NEW.title
    assert fmt.block(found.description) == fmt.canonical(NEW.document)
    assert found.figures == {"reach": 12}
    assert found.theirs == ()
    assert dict(found.written) == written_at_first(NEW, fmt)


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda f: f.name)
def test_what_says_so_already_is_not_written(fmt: Format):
    assert merged(fmt, issue(fmt), wanted=OLD).empty


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda f: f.name)
def test_a_title_that_a_person_wrote_is_theirs(fmt: Format):
    found = merged(fmt, issue(fmt, title="Lost luggage (Q3)"))

    assert found.title is None
    assert found.theirs == ("title",)
    assert found.description is not None


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda f: f.name)
def test_what_was_found_to_be_theirs_stays_so_whatever_stands_there(fmt: Format):
    found = merged(fmt, issue(fmt), theirs=("title", "description", "figures.reach"))

    assert found.empty
    assert found.theirs == ()


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda f: f.name)
def test_a_block_that_a_person_edited_or_removed_is_theirs(fmt: Format):
    edited = fmt.wrap(document("we know, 9 people"))

    for description in (edited, fmt.write(document("my own words")), None):
        found = merged(fmt, issue(fmt, description=description))

        assert found.description is None, description
        assert found.theirs == ("description",)


def test_words_around_the_block_stay():
    wiki = Wiki()
    around = "Ann: see WEB-7\n\n" + wiki.wrap(OLD.document) + "\n\nh2. Notes\n* mine"

    found = merged(wiki, issue(wiki, description=around))

    assert found.theirs == ()
    assert found.description.startswith("Ann: see WEB-7\n\n")
    assert found.description.endswith("\n\nh2. Notes\n* mine")
    assert "12 people" in found.description


@pytest.mark.parametrize(
    ("now", "written", "theirs"),
    [
        (9, {"reach": 12}, ()),
        (9.0, {"reach": 12}, ()),
        (7, {}, ("figures.reach",)),
        (None, {}, ("figures.reach",)),
    ],
)
def test_a_figure_is_ours_while_it_stands_as_we_wrote_it(
    now: Any, written: dict[str, Any], theirs: tuple[str, ...]
):
    found = merged(Markdown(), issue(Markdown(), figures={"reach": now}))

    assert found.figures == written
    assert found.theirs == theirs


def test_a_figure_that_was_never_written_is_filled_in_and_one_without_a_field_is_not():
    now = issue(Markdown(), figures={"mentions": None})
    wanted = Wanted(title=OLD.title, document=OLD.document, figures={"reach": 12, "mentions": 30})

    found = merged(Markdown(), now, wanted=wanted)

    assert found.figures == {"mentions": 30}
    assert found.theirs == ()
