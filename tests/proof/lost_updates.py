"""Prove that overlapping transactions lose nothing, on both kinds of database.

python tests/proof/lost_updates.py [TIMES] [PROCESSES]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from isolation import row, try_it
from postgres import server

from bridge.store.database import Database

HEAD = ("database", "engine", "writes", "looks", "lost", "torn", "done twice", "refused")


def main(times: int, processes: int) -> int:
    """Print a table of what broke; fail if anything of ours did."""
    print(f"{processes} processes, {times:,} times each workload")
    print("| " + " | ".join(HEAD) + " |")
    print("|" + " --- |" * len(HEAD))
    held = True
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("sqlite", "postgresql"):
            for ours in (True, False):
                url = f"sqlite:///{folder}/{ours}.db"
                if kind == "postgresql":
                    url = server().url(server().create())
                database = Database(url)
                database.upgrade()
                database.close()
                broken = try_it(url, ours=ours, processes=processes, times=times)
                print("| " + " | ".join(row(kind, "ours" if ours else "as it comes", broken)) + " |")
                held &= not ours or not (broken.lost or broken.torn or broken.doubled or broken.refused)
    return 0 if held else 1


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(numbers + [1000, 4][len(numbers) :])))
