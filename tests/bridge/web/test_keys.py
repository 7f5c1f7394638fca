"""The table of keys is what the templates bear, and the script knows nothing beyond it."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from bridge.web.keys import KEYS, OTHERS
from bridge.web.render import NAVIGATION

BORNE = re.compile(r'data-key="([^"{]+?)(?: \{\{[^"]+)?"')  # of one that counts, what stands before
GIVEN = re.compile(r'(?:reasons_menu\([^)]*?"[A-Z]\w+", |ticket\([^)]*, )"(\w)"')


def borne() -> set[str]:
    templates = files("bridge.web").joinpath("templates")
    texts = [place.read_text(encoding="utf-8") for place in templates.iterdir()]
    found = {key for text in texts for key in (*BORNE.findall(text), *GIVEN.findall(text))}
    return found | {key for _, _, key in NAVIGATION}


def test_every_key_of_the_table_is_borne_by_something_and_every_other_is_in_it():
    assert borne() == {key.keys for key in KEYS}


def test_no_key_hides_another():
    keys = [key.keys for key in KEYS]

    assert len(set(keys)) == len(keys)
    assert [one for one in keys for other in keys if other.startswith(f"{one} ")] == []
    assert [one for one in keys if one[0].isdigit()] == []


def test_the_page_of_help_tells_the_whole_table(full: Any, strictly: Callable[[str], Any]):
    page = full.browser().get("/help/keys").text

    strictly(page)
    assert [key.keys for key in KEYS] == re.findall('<tr data-was="([^"]+)"', page)
    assert all(does in page for _, does, _ in OTHERS)


def test_the_ticket_in_the_tracker_can_be_opened_by_a_key(full: Any, strictly: Callable[[str], Any]):
    page = full.browser().get("/topics/T-2").text

    strictly(page)
    assert (
        '<a href="/backlog/FB-1" rel="noopener noreferrer" data-key="J" aria-keyshortcuts="J">FB-1</a>'
        in page
    )
