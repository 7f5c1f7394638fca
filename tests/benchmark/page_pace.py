"""How quick pages are: p50 and p95 of CPU time, queries, compressed size of each; many items.

python tests/benchmark/page_store.py FILE.db && python tests/benchmark/page_pace.py FILE.db [TIMES]
"""

from __future__ import annotations

import gzip
import sys
import time
from pathlib import Path

from fastapi.testclient import TestClient
from page_store import NOW
from sqlalchemy import event

from bridge.config.model import Settings
from bridge.store.database import Database
from bridge.web.site import make_site

ROUTES = (
    *("/", "/review", "/review?view=growing", "/review?view=back", "/review?view=low", "/review?view=done"),
    *("/topics", "/topics?sort=growth", "/topics?q=bag", "/topics/T-1", "/topics/T-900"),
    *("/topics/T-1/evidence", "/topics/T-5/ticket", "/merge?ids=T-3,T-4", "/items?q=bag", "/items?q=zebra"),
    *("/map", "/map.json", "/items?like=x77", "/items?like=x777", "/items.json?like=x77"),
    *("/unassigned", "/backlog", "/sources", "/topics.json", "/review.json"),
)


def main(path: str, times: int = 20) -> None:
    """Print a table."""
    database = Database(f"sqlite:///{Path(path).absolute()}")
    folder = str(Path(path).absolute().parent)
    settings = Settings(database={"url": database.url}, paths={"data": folder, "cache": folder})
    site = make_site(database, settings, lambda: NOW)
    browser = TestClient(site, base_url="http://127.0.0.1:8765")
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *got: asked.append(got[2]))
    browser.get("/")
    print("| page | p50 ms | p95 ms | queries | KB |\n| --- | --- | --- | --- | --- |")  # noqa: T201 - a script
    for route in ROUTES:
        took = []
        for _ in range(times):
            asked.clear()
            started = time.process_time()
            answer = browser.get(route)
            took.append((time.process_time() - started) * 1000)
        took.sort()
        queries = sum(not query.startswith("BEGIN") for query in asked)
        size = len(gzip.compress(answer.content)) / 1024
        p95 = took[min(int(0.95 * times), times - 1)]
        print(f"| `{route}` | {took[times // 2]:.0f} | {p95:.0f} | {queries} | {size:.1f} |")  # noqa: T201
    database.close()


if __name__ == "__main__":
    main(sys.argv[1], *(int(argument) for argument in sys.argv[2:3]))
