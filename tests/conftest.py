"""For all tests: no network but loopback, no downloads, nobody's own settings, nothing left behind."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest
import pytest_randomly
from hypothesis import settings
from pytest_socket import socket_allow_hosts

sys.path.insert(0, str(Path(__file__).parent / "support"))  # so that tests can say `from builders import …`

LOOPBACK = ["127.0.0.1", "::1", "localhost"]
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")  # the tests share the cores
OURS = "FEEDBACK_BRIDGE_"

os.environ.update(dict.fromkeys((*OFFLINE, *ONE_THREAD), "1"))


# Packages may offer more seeds to reset before each test; that of thinc would load torch into every process.
pytest_randomly.entrypoint_reseeds = []


def pytest_collection_finish():
    """What is loaded by now stays: do not look through it for garbage again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup():
    socket_allow_hosts(LOOPBACK, allow_unix_socket=True)


# Time limits belong to benchmarks; on landing the examples are the same each time, elsewhere they are new.
settings.register_profile("ours", deadline=None, derandomize="CI" in os.environ)
settings.register_profile("fast", settings.get_profile("ours"), max_examples=30)


def pytest_configure(config: pytest.Config):
    """Try fewer examples in the fast tier; `make test` tries a hundred."""
    settings.load_profile("fast" if "not slow" in config.option.markexpr else "ours")


@pytest.fixture(scope="session", autouse=True)
def _a_home_of_our_own(tmp_path_factory: pytest.TempPathFactory):
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(OURS)]:
            patch.delenv(name)
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.setenv("XDG_DATA_HOME", str(home / "data"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _made_once(_a_home_of_our_own: None):
    from shared import make_once

    with pytest.MonkeyPatch.context() as patch:
        make_once(patch)
        yield


@pytest.fixture
def as_shipped(monkeypatch: pytest.MonkeyPatch):
    """Stores are made as everybody makes them: by migrations, and safe from a power cut."""
    from shared import as_shipped

    as_shipped(monkeypatch)


@pytest.fixture(autouse=True)
def _nothing_is_left_behind():
    folder = Path.cwd()

    yield

    left = [name for name in os.environ if name.startswith(OURS)]
    assert not left, f"the test left settings in the environment: {left}"
    assert Path.cwd() == folder, "the test left another current folder"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch):
    """Small numbers, plain titles: topics are born from a dozen items, and no model is loaded for words."""
    from quick import hurry

    hurry(monkeypatch)


@pytest.fixture
def store_kind():
    """Where a test's stores are; folders whose tests run on both kinds have a fixture of their own."""
    return "sqlite"


@pytest.fixture
def stores(store_kind: str):
    """Stores of the test's kind, by the path that their file has or would have."""
    from builders import STORES

    with STORES.here(store_kind):
        yield STORES


@pytest.fixture
def bench(tmp_path: Path, quick: None, stores: object):
    from builders import Bench

    return Bench(tmp_path)


@pytest.fixture
def cli(tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch):
    from command import Desk

    return Desk(tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def _sixty_in_topics(tmp_path_factory: pytest.TempPathFactory):
    import functools

    from builders import STORES, Bench, sixty
    from quick import hurry

    @functools.cache
    def made(kind: str) -> Bench:
        with pytest.MonkeyPatch.context() as patch:
            hurry(patch)
            bench = Bench(tmp_path_factory.mktemp(f"sixty-{kind}"))
            bench.take(sixty())
            bench.run()
        STORES.keep(bench.path)
        return bench

    return made


@pytest.fixture
def in_topics(_sixty_in_topics: object, tmp_path: Path, quick: None, store_kind: str, stores: object):
    """Sixty items in topics, a copy for each test."""
    from builders import copy_store

    return copy_store(_sixty_in_topics(store_kind), tmp_path)  # type: ignore[operator]
