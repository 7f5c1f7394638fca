from __future__ import annotations

import gc
import sys
import time
from typing import Any

import pytest
from clicks import send
from sqlalchemy.exc import TimeoutError as SQLAlchemyTimeout

from bridge.web.warm import LATE, Keeper, warm


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


@pytest.mark.usefixtures("waste")
def test_what_all_pages_stand_on_is_read_before_the_first(full: Any):
    browser = full.browser()
    desk = browser.app.state.desk

    warm(browser.app)

    with full.database.reading() as session:
        assert desk.look(session).shelf is desk.look(session).shelf
        assert {"moving", "growing", "growth"} <= vars(desk.look(session).shelf).keys()


def test_it_is_read_anew_after_a_decision_while_somebody_is_there(full: Any):
    browser = full.browser()
    desk = browser.app.state.desk
    keeper = Keeper(desk)
    assert not keeper.look()
    browser.get("/topics")
    before = desk.shelves.latest

    assert send(browser, "/topics/T-1/rename", title="Another name").status_code == 303
    looked = keeper.look()

    assert looked
    after = desk.shelves.latest
    assert after is not before
    assert after.by_number[1].title == "Another name"


def test_nothing_is_read_for_nobody(full: Any):
    browser = full.browser()
    desk = browser.app.state.desk
    browser.get("/topics")
    desk.looked -= 3600

    assert not Keeper(desk).look()


class Crowded:
    """A desk whose server has no connection left."""

    def __init__(self) -> None:
        self.looked = time.monotonic()

    def make_ready(self) -> None:
        raise SQLAlchemyTimeout


def test_a_server_without_a_free_connection_does_not_end_the_reading():
    desk: Any = Crowded()

    assert Keeper(desk).look()
