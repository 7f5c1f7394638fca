"""Links between pages lead somewhere, and so do names of settings and files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.docs.conftest import Page

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)")
SETTING = re.compile(r"(?:database|paths|policy|brand|topics|server)\.[a-z_.]+")
FILE = re.compile(r"(?:bridge|topics|connectors|docs|tests|requirements|\.ci)/[\w./*-]+")
MINE = (
    "README.md",
    "CONTRIBUTING.md",
    "docs/concepts.md",
    "docs/rules.md",
    "docs/operations.md",
    "docs/shapes.md",
)


def anchors(page: Page) -> set[str]:
    """Return the names that a page's headings can be linked by, as GitHub makes them."""
    prose = re.sub(r"^```.*?^```$", "", page.text, flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_link_between_pages_resolves(pages: dict[str, Page]):
    dead = []
    for page in pages.values():
        for target in LINK.findall(page.text):
            if target.startswith(("http:", "https:")):
                continue
            name, _, anchor = target.partition("#")
            path = (page.path.parent / name).resolve() if name else page.path
            other = pages.get(str(path.relative_to(ROOT)))
            if not path.exists() or (anchor and (other is None or anchor not in anchors(other))):
                dead.append(f"{page.name}: {target}")

    assert not dead


def test_the_readme_leads_to_every_page(pages: dict[str, Page]):
    linked = set(LINK.findall(pages["README.md"].text))

    assert {name for name in pages if name not in ("README.md", *linked)} == set()


def test_every_setting_that_the_pages_name_is_one(pages: dict[str, Page]):
    from bridge.config.keys import settings_keys, tables

    known = {key.name for key in settings_keys()} | set(tables())
    unknown = [
        f"{name}: {span}"
        for name in MINE
        for span in pages[name].spans()
        if SETTING.fullmatch(span) and span not in known and not (ROOT / span.replace(".", "/")).is_dir()
    ]

    assert not unknown


def test_every_file_that_the_pages_name_is_there(pages: dict[str, Page]):
    missing = [
        f"{page.name}: {span}"
        for page in pages.values()
        for span in page.spans()
        if FILE.fullmatch(span) and "NNNN" not in span and not list(ROOT.glob(span.rstrip("/")))
    ]

    assert not missing


def test_every_setting_is_in_the_page_of_settings(pages: dict[str, Page]):
    from bridge.config.keys import settings_keys

    for key in settings_keys():
        assert f"| `{key.name}` |" in pages["docs/settings.md"].text
