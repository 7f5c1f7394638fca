"""What a process counts, and nothing twice or too little however many threads count."""

from __future__ import annotations

import threading

from bridge import tally


def test_counts_are_told_apart_by_their_labels_and_come_in_order():
    tally.count("tests only", by="b")
    tally.count("tests only", by="a", of="x")
    tally.count("tests only", by="b")

    assert tally.counted("tests only") == [({"by": "a", "of": "x"}, 1), ({"by": "b"}, 2)]
    assert tally.counted("nothing of the kind") == []


def test_threads_lose_no_count():
    def work() -> None:
        for _ in range(2000):
            tally.count("tests of threads")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert tally.counted("tests of threads") == [({}, 16_000)]
