"""Write a new migration from the models: python -m bridge.migrations "what changes"."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from bridge.store.database import Database, alembic_config


def main(words: str) -> int:
    """Compare the models with a fresh database and write what is missing as the next numbered file."""
    if not words.strip():
        print('name what changes: make migration NAME="topics can be snoozed"', file=sys.stderr)
        return 2
    scripts = ScriptDirectory.from_config(alembic_config(None))
    number = f"{len(list(scripts.walk_revisions())) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/fresh.db")
        database.upgrade()
        with database.engine.connect() as connection:
            command.revision(
                alembic_config(connection), message=words.strip(), autogenerate=True, rev_id=number
            )
        database.close()
    made = next(Path(__file__).parent.joinpath("versions").glob(f"{number}_*.py"))
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:40]
    print(made.rename(made.with_name(f"{number}_{name}.py")))
    return 0


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
