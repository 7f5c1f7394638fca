"""Measure the topics and write docs/quality.md: ``python tests/benchmark/quality.py --data DIR``.

Each job is a process of its own and leaves its figures in docs/quality/NAME.json; a job whose figures are
there is not run again, unless it is named with --only or all are asked for with --again.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from page import write_page
from parts import JOBS, Job, chosen

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RESULTS = ROOT / "docs" / "quality"
PAGE = ROOT / "docs" / "quality.md"


def main() -> int:
    """Run what is asked for, and write the page from all figures there are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("FEEDBACK_DATA"))
    parser.add_argument("--only", default="", help="parts or jobs, by comma")
    parser.add_argument("--again", action="store_true", help="run also what has figures")
    parser.add_argument("--rows", type=int, help="only so many rows of each set; figures go to --out")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--page", action="store_true", help="only write the page from the figures there are")
    wanted = parser.parse_args()
    if wanted.rows and wanted.out == RESULTS:
        parser.error("--rows makes figures of no worth; name another folder with --out")
    jobs = [] if wanted.page else chosen(wanted.only)
    if jobs and (wanted.data is None or not Path(wanted.data).is_dir()):
        parser.error(
            "--data: give the folder with the data sets, or set FEEDBACK_DATA (make benchmark DATA=…)"
        )
    again = wanted.again or bool(wanted.only)
    failed = [job.name for job in jobs if not _done(job, wanted.out, again=again) and not _run(job, wanted)]
    page = PAGE if wanted.out == RESULTS else wanted.out / "quality.md"
    write_page(wanted.out, page, [job.name for job in JOBS])
    sys.stderr.write(f"{page} is written\n")
    if failed:
        sys.stderr.write(f"failed: {', '.join(failed)}; the page says so\n")
    return 1 if failed else 0


def _done(job: Job, out: Path, *, again: bool) -> bool:
    return not again and (out / f"{job.name}.json").exists()


def _run(job: Job, wanted: argparse.Namespace) -> bool:
    """Run a job in an empty folder, with nobody's own settings; say whether it went well."""
    sys.stderr.write(f"\n— {job.name}\n")
    target = (wanted.out / f"{job.name}.json").resolve()
    words = [str(HERE / "job.py"), job.name, "--data", str(Path(wanted.data).resolve()), "--out", str(target)]
    words += ["--rows", str(wanted.rows)] if wanted.rows else []
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FEEDBACK_BRIDGE_")}
    with tempfile.TemporaryDirectory() as folder:
        own = {"XDG_CONFIG_HOME": folder, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
        done = subprocess.run([sys.executable, *words], cwd=folder, env={**kept, **own}, check=False)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
