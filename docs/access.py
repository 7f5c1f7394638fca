"""Write who may what into docs/access.md, from the routes themselves: ``python docs/access.py [--check]``."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.access.roles import MAY, MEANS, ROLES, Need
from bridge.config.model import Settings
from bridge.config.secret import Secret

if TYPE_CHECKING:
    from fastapi import FastAPI

PAGE = Path(__file__).with_name("access.md")
BEGIN, END = "<!-- made by docs/access.py -->\n", "<!-- end of what docs/access.py made -->\n"


def site(folder: Path) -> FastAPI:
    """Return the site with everything that settings can add to it."""
    from bridge.store.database import Database
    from bridge.web.site import make_site

    database = Database(f"sqlite:///{folder / 'bridge.db'}")
    settings = Settings(
        database={"url": database.url},
        paths={"data": folder, "cache": folder},
        jira={"webhook_secret": Secret("a secret")},
    )
    return make_site(database, settings, lambda: datetime(2026, 11, 21, tzinfo=UTC))


def endpoints(app: FastAPI) -> Iterator[tuple[str, str, Need]]:
    """Yield method, path and need of all that can be asked for, by path."""
    found = [
        (method, route.path, route.need)  # type: ignore[attr-defined]
        for route in app.routes
        for method in sorted(route.methods - {"HEAD"})  # type: ignore[attr-defined]
    ]
    yield from sorted(found, key=lambda row: (row[1], row[0]))


def table() -> str:
    """Write both tables: what the needs mean and who has them, and what each address needs."""
    with tempfile.TemporaryDirectory() as folder:
        rows = list(endpoints(site(Path(folder))))
    needs = [need for need in MEANS if need in {row[2] for row in rows} | set(MAY["admin"])]
    lines = [f"| need | means | {' | '.join(ROLES)} |", f"| --- | --- |{' --- |' * len(ROLES)}"]
    lines += [f"| `{need}` | {MEANS[need]} | {_ticks(need)} |" for need in needs]
    lines += ["", f"| address | needs | {' | '.join(ROLES)} |", f"| --- | --- |{' --- |' * len(ROLES)}"]
    lines += [f"| `{method} {path}` | `{need}` | {_ticks(need)} |" for method, path, need in rows]
    return "\n".join(lines) + "\n"


def _ticks(need: Need) -> str:
    return " | ".join("yes" if need in ("open", "signed") or need in MAY[role] else "–" for role in ROLES)


def page(text: str) -> str:
    """Return the page with fresh tables."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


def main(arguments: Sequence[str]) -> int:
    """Write the tables, or with ``--check`` say whether they are up to date (1 if not)."""
    kept = PAGE.read_text(encoding="utf-8")
    fresh = page(kept)
    if "--check" not in arguments:
        PAGE.write_text(fresh, encoding="utf-8")
        return 0
    if kept != fresh:
        sys.stderr.write(f"{PAGE} is not as the routes are; write it with: python docs/access.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
