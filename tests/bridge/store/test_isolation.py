from __future__ import annotations

import pytest
from builders import STORES, Bench
from isolation import try_it

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("as_shipped")]


def test_nothing_is_lost_torn_or_done_twice_between_processes(bench: Bench):
    broken = try_it(STORES.address(bench.path), ours=True, processes=3, times=60)

    assert broken.writes == 3 * 3 * 60
    assert (broken.lost, broken.torn, broken.doubled, broken.refused) == (0, 0, 0, 0)


def test_an_engine_as_it_comes_loses_updates_in_the_same_trial(bench: Bench):
    broken = try_it(STORES.address(bench.path), ours=False, processes=3, times=60)

    assert broken.lost + broken.doubled > 0
