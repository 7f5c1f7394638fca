from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(HERE))
    import page

    yield page
    for name in ("page", "goals", "parts"):
        sys.modules.pop(name, None)


def result(folder: Path, name: str, figures: dict[str, Any]) -> None:
    part, _, method = name.partition(".")
    machine = {"cpu": "a processor", "cores": 2, "gib": 8, "python": "3.11.7"}
    found = {
        "part": part,
        "method": method,
        "day": "2026-11-22",
        "minutes": 1.5,
        "rows": None,
        "machine": machine,
    }
    (folder / f"{name}.json").write_text(json.dumps({**found, "figures": figures}), encoding="utf-8")


def stream(**mean: float | None) -> dict[str, Any]:
    whole = {
        "ari": 0.6,
        "duplicates": 0.1,
        "mixed": 0.3,
        "found": 0.95,
        "churn_mean": 0.0,
        "orphans": 0.0,
        **mean,
    }
    return {"mean": whole, "deviation": {**dict.fromkeys(whole), "ari": 0.012}, "seeds": [whole]}


def written(page: Any, folder: Path) -> str:
    names = [
        "banking-bulk.feedback-bridge",
        "banking-bulk.nearest-centroid",
        "scale.10k",
        "scale.1m",
        "recluster",
    ]
    page.write_page(folder, folder / "quality.md", names)
    return (folder / "quality.md").read_text(encoding="utf-8")


def test_each_aim_says_whether_it_is_reached(page: Any, tmp_path: Path):
    result(tmp_path, "banking-bulk.feedback-bridge", stream(ari=0.58, duplicates=0.2, found=0.93))

    text = written(page, tmp_path)

    assert "| banking-bulk | adjusted Rand index | ≥ 0.570 | ≥ 0.640 | 0.580 | must |" in text
    assert "| banking-bulk | labels found | ≥ 0.900 | ≥ 0.920 | 0.930 | stretch |" in text
    assert "| banking-bulk | duplicates | ≤ 0.180 | ≤ 0.080 | 0.200 | **missed** |" in text
    assert "| banking-bulk | orphaned tickets | ≤ 0 | ≤ 0 | 0 | stretch |" in text
    assert "| recluster | recluster of 20,000: times as fast | ≥ 10 | ≥ 50 | – | not run |" in text


def test_where_we_lose_names_missed_aims_and_better_baselines(page: Any, tmp_path: Path):
    result(tmp_path, "banking-bulk.feedback-bridge", stream(duplicates=0.2, found=0.93))
    result(tmp_path, "banking-bulk.nearest-centroid", stream(duplicates=0.4, found=0.99, mixed=0.295))

    lost = written(page, tmp_path).partition("## Where we lose")[2].partition("## How")[0]

    assert "* banking-bulk: duplicates 0.200, at most 0.180 was aimed at." in lost
    assert "* banking-bulk: nearest-centroid is better in labels found (0.990 against 0.930)." in lost
    assert lost.count("\n*") == 2


def test_a_batch_after_a_million_is_set_against_one_after_ten_thousand(page: Any, tmp_path: Path):
    for size, seconds in (("10k", 2.0), ("1m", 3.0)):
        figures = {
            "before": 1,
            "seconds": seconds,
            "first_seconds": 9,
            "steps": {"assign": 0.5},
            "peak_mb": 900,
        }
        result(tmp_path, f"scale.{size}", figures)

    assert "| ≤ 2 | ≤ 1.2 | 1.50 | must |" in written(page, tmp_path)


def test_what_was_not_run_is_named(page: Any, tmp_path: Path):
    result(tmp_path, "banking-bulk.feedback-bridge", stream())

    text = written(page, tmp_path)

    assert "Not run: banking-bulk.nearest-centroid, scale.10k, scale.1m, recluster." in text
    assert "0.600 ± 0.012" in text
    assert "Together 2 minutes." in text


def test_every_aim_belongs_to_a_job_and_every_job_can_be_chosen(page: Any):
    import goals
    import parts

    names = {job.name for job in parts.JOBS}
    assert {goal.part for goal in goals.GOALS} <= names
    assert [job.name for job in parts.chosen("scale.1m,kinds")] == ["kinds", "scale.1m"]
    assert {job.part for job in parts.chosen("banking-bulk")} == {"banking-bulk"}
    assert not any(job.is_long for job in parts.chosen(""))
    with pytest.raises(SystemExit, match="ONLY=bankng: no part is called so"):
        parts.chosen("bankng")
