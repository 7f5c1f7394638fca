from __future__ import annotations

import gc
import sys
from typing import Any

import pytest

from bridge.web.warm import LATE, warm


@pytest.fixture
def waste():
    """The settings of the search for waste, put back afterwards."""
    seldom = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*seldom)


@pytest.mark.usefixtures("waste")
def test_a_server_has_read_all_that_pages_need_before_the_first(full: Any):
    browser = full.browser()

    warm(browser.app)
    before = set(sys.modules)
    answers = [browser.get(path).status_code for path in ("/", "/review", "/topics", "/map", "/digest")]

    assert set(answers) == {200}
    assert set(LATE) <= before
    assert {name for name in set(sys.modules) - before if name.startswith("scipy")} == set()
    assert gc.get_freeze_count() > 0
