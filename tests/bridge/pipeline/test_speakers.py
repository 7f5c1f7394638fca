from __future__ import annotations

from dataclasses import replace

import pytest
from builders import Bench, item, theme

from bridge.store import people
from connectors import Author


def role(bench: Bench, handle: str) -> str:
    return bench.query("SELECT role FROM person WHERE handle = ?", handle)[0][0]


ANSWERS = [
    item(f"@bag_{n} we are sorry to hear that, flight number {n} please", f"care-{n}", by="Care", days=3)
    for n in range(6)
]
CALLS = [
    item(f"@care my suitcase was lost at baggage claim number {n}", f"call-{n}", by=f"caller_{n}")
    for n in range(25)
]


def test_who_is_a_brand_does_not_depend_on_which_run_brought_those_who_address_it(bench: Bench):
    bench.take(ANSWERS)
    bench.run("roles")
    before = role(bench, "Care")

    bench.take(CALLS)
    bench.run("roles")

    assert before == "customer"
    assert role(bench, "Care") == "brand"


def test_an_account_in_the_settings_is_known_in_any_case_of_any_alphabet(bench: Bench):
    bench.take([item(theme("bag", 1)[0].text, "x", by=Author(handle="@MÜLLER"))])
    bench.run("roles")
    before = role(bench, "@MÜLLER")

    bench.set('brand.accounts = ["müller"]')
    bench.run("roles")

    assert before == "customer"
    assert role(bench, "@MÜLLER") == "brand"


@pytest.mark.parametrize("turned", [False, True])
def test_the_newest_items_are_the_same_in_whatever_order_they_came(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, turned: bool
):
    monkeypatch.setattr(people, "_SAMPLE", 1)
    monkeypatch.setattr(people, "_LEAST_ADDRESSED", 1)
    said = [item(f"@{name} lost my suitcase", name, by=name) for name in ("one", "two")]
    bench.take(said[::-1] if turned else said)
    bench.run("normalise")

    with bench.database.reading() as session:
        assert people.most_addressed(session) == ["two"]


def test_what_one_person_repeats_becomes_a_topic_when_another_says_it_too(bench: Bench):
    alone = [replace(said, author=Author(handle="@insistent")) for said in theme("legroom", 12)]
    bench.take([*theme("bag", 12), *alone])
    bench.run("discover")
    before = {bench.topic_of(said.external_id) for said in alone}
    topics = {row["topic"] for row in bench.rows() if row["topic"]}

    bench.take(theme("legroom", 3, first=12))
    bench.run("discover")

    assert before == {None}
    assert topics == {bench.topic_of(f"bag-{n:03}") for n in range(12)}
    for new in {row["topic"] for row in bench.rows() if row["topic"]} - topics:
        said = {row["item"] for row in bench.rows() if row["topic"] == new}
        assert said & {one.external_id for one in alone}
        assert said - {one.external_id for one in alone}
    assert bench.topic_of("legroom-004") is not None
