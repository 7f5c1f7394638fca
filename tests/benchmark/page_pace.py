"""How quick pages are: p50 and p95 of CPU time, queries, compressed size of each; many items.

python tests/benchmark/page_store.py FILE.db && python tests/benchmark/page_pace.py FILE.db [TIMES]
"""

from __future__ import annotations

import gzip
import math
import sys
import time
from pathlib import Path

from fastapi.testclient import TestClient
from page_store import NOW
from sqlalchemy import event

from bridge.config.model import Settings
from bridge.store.database import Database
from bridge.store.written import MARKED
from bridge.web.site import make_site
from bridge.web.warm import warm

ROUTES = (
    *("/", "/review", "/review?view=growing", "/review?view=back", "/review?view=low", "/review?view=done"),
    *("/topics", "/topics?sort=growth", "/topics?q=bag", "/topics/T-1", "/topics/T-900"),
    *("/topics/T-1/evidence", "/topics/T-5/ticket", "/merge?ids=T-3,T-4", "/items?q=bag", "/items?q=zebra"),
    *("/map", "/map.json", "/items?like=x77", "/items?like=x777", "/items.json?like=x77"),
    *("/unassigned", "/backlog", "/sources", "/topics.json", "/review.json"),
)


FIRSTS = 8
"""First views of each page after a commit."""
FIRST_OF_ALL = "/items?like=x77"
"""What a process does once: it reads all vectors."""


def main(path: str, times: int = 20) -> None:
    """Print a table."""
    database = Database(f"sqlite:///{Path(path).absolute()}")
    folder = str(Path(path).absolute().parent)
    settings = Settings(database={"url": database.url}, paths={"data": folder, "cache": folder})
    site = make_site(database, settings, lambda: NOW)
    warm(site)
    browser = TestClient(site, base_url="http://127.0.0.1:8765")
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *got: asked.append(got[2]))
    browser.get("/")
    print(f"{FIRST_OF_ALL}, the first of the process: {_took(browser, FIRST_OF_ALL):.0f} ms\n")  # noqa: T201 - a script
    print("| page | p50 ms | p95 ms | after a commit, p95 ms | queries | KB |")  # noqa: T201
    print("| --- | --- | --- | --- | --- | --- |")  # noqa: T201
    for route in ROUTES:
        later = [_took(browser, route) for _ in range(times)]
        asked.clear()
        size = len(gzip.compress(browser.get(route).content)) / 1024
        queries = sum(not query.startswith("BEGIN") for query in asked)
        first = []
        for _ in range(FIRSTS):
            _write(database)
            first.append(_took(browser, route))
        p95 = f"{_share(later, 0.95):.0f} | {_share(first, 0.95):.0f}"
        print(f"| `{route}` | {_share(later, 0.5):.0f} | {p95} | {queries} | {size:.1f} |")  # noqa: T201
    database.close()


def _took(browser: TestClient, route: str) -> float:
    """Return the milliseconds of CPU time of a view."""
    started = time.process_time()
    browser.get(route)
    return (time.process_time() - started) * 1000


def _share(took: list[float], share: float) -> float:
    """Return the smallest time that this share of the views didn't exceed (nearest rank)."""
    return sorted(took)[max(math.ceil(share * len(took)) - 1, 0)]


def _write(database: Database) -> None:
    """Commit something in every table that pages stand on, as a batch of a run does."""
    with database.writing() as session:
        for table in sorted(MARKED):
            session.connection().exec_driver_sql(
                f"UPDATE {table} SET workspace_id = workspace_id "
                f"WHERE rowid = (SELECT min(rowid) FROM {table})"
            )


if __name__ == "__main__":
    main(sys.argv[1], *(int(argument) for argument in sys.argv[2:3]))
