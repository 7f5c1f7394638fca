from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browsing import Served, serving, watching

ROUTES = (
    "/",
    "/review",
    *(f"/review?view={view}" for view in ("growing", "back", "duplicates", "low", "done")),
    "/topics",
    "/topics?sort=growth&q=bag",
    "/topics/T-1",
    "/topics/T-1/evidence",
    "/topics/T-1/ticket",
    "/topics/T-1/split",
    "/merge?ids=T-2,T-1",
    "/items",
    "/items?q=bag",
    "/items?like=m-2041",
    "/map",
    "/unassigned",
    "/changes",
    "/changes/log",
    "/rules",
    "/trends",
    "/quality",
    "/runs",
    "/settings",
    "/backlog",
    "/sources",
    "/views",
    "/find?q=bag",
    "/runs/1",
    "/digest",
    "/help/keys",
    "/account",
    "/accounts",
    "/nowhere",
)
HOSTILE = (
    "<script>alert(1)</script>",
    "</pre></blockquote><img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)> ' onmouseover='alert(1)",
    "</textarea></title><script>alert(1)</script>",
    "{{ 7 * 7 }}<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "javascript:alert(1)",
    '<a href="javascript:alert(1)" autofocus onfocus=alert(1)>x</a>',
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_quiet_and_at_home(chromium: Any, served: Served, scheme: str):
    from axe_playwright_python.sync_playwright import Axe

    found: dict[str, Any] = {}
    with watching(chromium, served.url, color_scheme=scheme) as tab:
        tab.go("/review")
        tab.press("z", "1")  # so that there is something to undo, and a word about it
        tab.page.locator(".toast [data-verb=undo]").wait_for()  # or the next page would cut the answer off
        for path in ROUTES:
            tab.go(path)
            for box in tab.page.locator("[data-pick]").all()[:1]:
                box.click()
            for menu in tab.page.locator("details > summary:visible").all()[:3]:
                menu.click()
            report = Axe().run(tab.page)
            if report.violations_count:
                found[path] = [
                    (v["id"], [node["html"][:120] for node in v["nodes"][:2]])
                    for v in report.response["violations"]
                ]

        assert found == {}
        assert [text for text in tab.console if "404" not in text] == []
        assert tab.foreign() == []
        assert tab.without_csp == []


@pytest.mark.parametrize("width", [360, 768, 1920])
def test_no_page_is_wider_than_its_window(chromium: Any, served: Served, width: int):
    with watching(chromium, served.url, viewport={"width": width, "height": 800}) as tab:
        wide = {}
        for path in ROUTES:
            tab.go(path)
            size = tab.page.evaluate("document.documentElement.scrollWidth")
            if size > width:
                wide[path] = size

    assert wide == {}


def test_whatever_people_write_never_runs(chromium: Any, sample: Path, tmp_path: Path):
    import shutil
    import sqlite3

    shutil.copy(sample / "bridge.db", tmp_path / "bridge.db")
    with sqlite3.connect(tmp_path / "bridge.db") as store:
        for number, text in enumerate(HOSTILE):
            mine = f"id % {len(HOSTILE)} = {number}"
            store.execute(f"UPDATE item SET text = ?, url = ? WHERE {mine}", (text, text))
            store.execute(f"UPDATE statement SET text = ?, plain = ? WHERE {mine}", (text, text))
            store.execute(f"UPDATE topic SET title = ? WHERE {mine}", (text,))
            store.execute(
                f"UPDATE person SET display = ?, account = ?, handle = ? WHERE rowid % 7 = {number}",
                (text, text, text),
            )
            store.execute(f"UPDATE assignment SET reason = ? WHERE statement_id % 7 = {number}", (text,))
            store.execute(f"UPDATE ticket SET reason = ?, rule = ? WHERE {mine}", (text, text))
    store.close()

    with serving(tmp_path / "bridge.db") as served, watching(chromium, served.url) as tab:
        for path in (*ROUTES, *(f"/topics/T-{number}" for number in range(1, 9))):
            tab.go(path)
            tab.page.wait_for_load_state("networkidle")

        assert tab.dialogs == []
        assert [text for text in tab.console if "404" not in text] == []
        assert tab.foreign() == []
