"""Who may import whom inside `connectors`."""

from __future__ import annotations

import ast
from pathlib import Path

import connectors

HOME = Path(connectors.__file__).parent
CHANNELS = sorted(path.parent.name for path in HOME.glob("*/__init__.py"))


def imported(module: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            found |= {node.module or "", *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def test_there_are_channels_to_look_at():
    assert {"files", "_template"} <= set(CHANNELS)


def test_one_channel_never_imports_another():
    for channel in CHANNELS:
        others = {f"connectors.{other}" for other in CHANNELS if other != channel}
        for module in (HOME / channel).rglob("*.py"):
            for name in imported(module):
                assert ".".join(name.split(".")[:2]) not in others, f"{module} imports {name}"


def test_nothing_outside_a_channel_imports_it():
    channels = {f"connectors.{channel}" for channel in CHANNELS}
    for module in HOME.glob("*.py"):
        assert not {".".join(name.split(".")[:2]) for name in imported(module)} & channels, module


def test_connectors_know_neither_topics_nor_the_bridge_nor_a_database():
    forbidden = {"topics", "bridge", "sqlalchemy", "sqlmodel", "sqlite3", "time"}
    for module in HOME.rglob("*.py"):
        assert not {name.split(".")[0] for name in imported(module)} & forbidden, module
