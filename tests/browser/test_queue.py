from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browsing import Served, Watched, watching

from bridge.proposals import suggestion

PLAN = (
    *("approve",) * 8,
    *("retitle",) * 3,
    *("merge",) * 3,
    *("snooze",) * 2,
    *("ignore",) * 2,
    *("undone",) * 2,
)
SPLITS = 2
MOST_KEYS = 70
Do = Callable[[Watched, str], None]


def numbers(tab: Watched) -> list[str]:
    return [row["id"] for row in tab.json("/review.json?view=new")]


def to_split(served: Served, queue: list[str]) -> list[str]:
    """Return the topics of the queue that fall into groups."""
    with served.database.reading() as session:
        groups = {name: suggestion(session, int(name[2:]))["groups"] for name in queue}
    return [name for name, found in groups.items() if found][:SPLITS]


def here(tab: Watched) -> str:
    """Return the topic that is laid open."""
    return str(tab.page.get_attribute("#draft", "data-topic"))


def check(tab: Watched, plan: dict[str, str], before: dict[str, Any]):
    """Read every outcome back."""
    waiting = numbers(tab)
    for name, verb in plan.items():
        found = tab.json(f"/topics/{name}.json")
        told = [event["what"] for event in found["history"]]
        match verb:
            case "approve":
                assert "approve" in told
                assert name not in waiting
            case "retitle":
                assert found["title"] == f"Our own words for {name}"
                assert "edit" in told
                assert "approve" in told
            case "merge":
                assert found["id"] != name
                assert f"merge {found['id']}" in told
            case "split":
                assert any(what.startswith("split T-") for what in told)
                assert found["mentions"] < before[name]["mentions"]
            case "snooze":
                assert found["state"] == "snoozed"
                assert name not in waiting
            case "ignore":
                assert found["state"] == "ignored"
                assert name not in waiting
            case "undone":
                assert "ignore (undone)" in told
                assert found["state"] == before[name]["state"]
                assert name in waiting


KEYS: dict[str, tuple[str, ...]] = {
    "approve": ("a",),
    "merge": ("g", "m", "1"),
    "split": ("s", "1"),
    "snooze": ("z", "1"),
    "ignore": ("i", "1"),
    "undone": ("i", "1", "u"),
}


def by_keys(tab: Watched, name: str, verb: str):
    if verb == "retitle":
        tab.press("e")
        tab.page.wait_for_url("**/ticket?**")
        tab.page.keyboard.type(f"Our own words for {name}")
        tab.press("Control+Enter")
        return
    for key in KEYS[verb]:
        if key == "u":
            tab.page.wait_for_url("**done=*")
            tab.page.locator(f".toast:has-text('{name} ignored') [data-verb=undo]").wait_for()
        if verb == "split" and key == "1":
            tab.page.wait_for_url("**/split?**")
        tab.press(key)
    if verb == "undone":
        tab.page.locator("text=Taken back").wait_for()
        return
    tab.page.locator(f".toast:has-text('{name}')").wait_for()


def work(tab: Watched, splits: list[str], do: Do) -> tuple[dict[str, str], dict[str, Any]]:
    """Decide about 22 topics as they come; return what was done with each, and how each was before."""
    left, done, before = list(PLAN), dict[str, str](), dict[str, Any]()
    while left or not done.keys() >= set(splits):
        name = here(tab)
        if name in done or (not left and name not in splits):
            tab.page.locator("[data-key=j]").wait_for()
            was = tab.page.url
            tab.press("j") if do is by_keys else tab.page.click("[data-key=j]")
            tab.page.wait_for_url(lambda url, was=was: url != was)
            continue
        verb = "split" if name in splits else left.pop(0)
        before[name] = tab.json(f"/topics/{name}.json")
        was = tab.page.url
        do(tab, name, verb)
        tab.page.wait_for_url(lambda url, was=was: "done=" in url and url != was)
        tab.page.locator(".toast").wait_for()
        done[name] = verb
    return done, before


def test_a_queue_of_22_is_emptied_by_keys_alone(tab: Watched, served: Served):
    tab.go("/review")
    splits = to_split(served, numbers(tab))

    done, before = work(tab, splits, by_keys)

    assert len(done) == 22
    check(tab, done, before)
    assert tab.keys <= MOST_KEYS
    assert tab.console == []
    assert tab.foreign() == []


def click(tab: Watched, verb: str, value: str = ""):
    chosen = f"[value={value}]" if value else ""
    menu = tab.page.locator(f"#draft details:has([data-verb={verb}]) > summary")
    if menu.count():
        menu.first.click()
    tab.page.locator(f"#draft [data-verb={verb}]{chosen}").first.click()


def by_mouse(tab: Watched, name: str, verb: str):
    match verb:
        case "retitle":
            tab.page.locator("#draft >> text=Edit").first.click()
            tab.page.fill("#title", f"Our own words for {name}")
            tab.page.locator("[value=approve]").click()
        case "split":
            tab.page.locator("#draft >> text=Split").first.click()
            tab.page.locator("[data-verb=split]").first.click()
        case "snooze":
            click(tab, "snooze", "week")
        case "undone":
            click(tab, "ignore")
            tab.page.locator(".toast [data-verb=undo]").click()
            tab.page.locator("text=Taken back").wait_for()
        case _:
            click(tab, verb)


@pytest.fixture
def plain_tab(chromium: Any, served: Served) -> Iterator[Watched]:
    with watching(chromium, served.url, java_script_enabled=False) as found:
        yield found


def test_the_same_queue_is_emptied_by_mouse_without_javascript(plain_tab: Watched, served: Served):
    plain_tab.go("/review")
    splits = to_split(served, numbers(plain_tab))

    done, before = work(plain_tab, splits, by_mouse)

    assert len(done) == 22
    check(plain_tab, done, before)
    assert plain_tab.foreign() == []


def test_keys_can_be_switched_off(tab: Watched):
    tab.go("/help/keys")
    tab.page.uncheck("[data-keys-switch]")
    tab.go("/review")
    first = here(tab)

    tab.press("j", "a")

    assert here(tab) == first
    assert tab.page.locator(".toast").count() == 0


def test_no_key_works_while_one_writes(tab: Watched):
    tab.go("/topics")
    tab.press("/")

    tab.page.keyboard.type("gra?")

    assert tab.page.url.endswith("/topics")
    assert tab.page.input_value("#q") == "gra?"


def test_ticks_outlast_a_walk_through_the_list_and_what_is_ticked_is_decided_at_once(tab: Watched):
    tab.go("/review")
    queue = numbers(tab)

    for key in ("x", "j", "j", "j", "X"):
        was = tab.page.url
        tab.press(key)
        if key == "j":
            tab.page.wait_for_url(lambda url, was=was: url != was)
    said = tab.page.inner_text("[data-picked]")
    tab.page.click("#bulk [data-verb=approve]")
    tab.page.locator(".toast:has-text('4 topics approved')").wait_for()
    between = numbers(tab)
    tab.press("u")
    tab.page.locator(".toast:has-text('Taken back')").wait_for()

    assert said == "4 ticked:"
    assert between == queue[4:]
    assert numbers(tab) == queue
    assert not tab.page.locator("#bulk").is_visible()


def test_enter_on_a_tick_decides_nothing(tab: Watched):
    tab.go("/review")
    queue = numbers(tab)

    for place, key in (("[data-pick] >> nth=0", "Enter"), ("#bulk summary >> nth=0", "Control+Enter")):
        if not tab.page.is_checked("[data-pick] >> nth=0"):
            tab.page.check("[data-pick] >> nth=0")
        tab.page.focus(place)
        tab.press(key)
        tab.page.wait_for_load_state()

    assert tab.page.inner_text("[data-picked]") == "1 ticked:"
    assert numbers(tab) == queue


def test_the_palette_goes_anywhere_and_does_anything_by_keys_alone(tab: Watched):
    tab.go("/review")
    name = here(tab)
    option = tab.page.locator("dialog.find [role=option]")

    def ask(words: str, first: str):
        tab.press("Control+k")
        tab.page.keyboard.type(words)
        option.filter(has_text=first).first.wait_for()

    ask("snooze", f"Snooze · {name}")
    tab.press("Enter", "1")
    tab.page.locator(f".toast:has-text('{name} snoozed')").wait_for()
    ask("undo", "Undo")
    tab.press("Enter")
    tab.page.locator("text=Taken back").wait_for()
    ask(name, name)
    assert tab.page.get_attribute("dialog.find input", "aria-activedescendant") == "found-0"
    tab.press("Enter")
    tab.page.wait_for_url(f"**/topics/{name}")
    ask("trend", "Trends")
    tab.press("ArrowDown", "ArrowUp", "Enter")
    tab.page.wait_for_url("**/trends")
    tab.press("Control+k", "Escape")

    assert not tab.page.locator("dialog.find").is_visible()
    assert tab.console == []
    assert tab.foreign() == []


def test_a_key_can_be_another_one_and_hides_no_other(tab: Watched):
    def change(key: str, to: str) -> str:
        tab.page.select_option("#what", key)
        tab.page.fill("#new-key", to)
        tab.press("Enter")
        return str(tab.page.text_content("#remapped"))

    tab.go("/help/keys")

    assert change("j", "a").startswith("a is taken: approve")
    assert change("j", "g").startswith("g begins g ")
    assert change("j", "a b").startswith("a already does something")
    assert change("j", "1").startswith("Digits choose")
    assert change("j", "gj") == "It is g j from now on, in this browser."
    assert tab.page.inner_text("tr[data-was=j] th").split() == ["g", "j"]
    tab.go("/review")
    first = here(tab)
    tab.press("j")
    assert here(tab) == first
    assert tab.page.get_attribute("[data-own=j]", "aria-keyshortcuts") == "g j"
    tab.press("g", "j")
    tab.page.wait_for_url("**topic=*")
    assert here(tab) != first
    tab.go("/help/keys")
    assert change("p", "g p") == "Digits follow this one; write one key."
    assert change("p", "m") == "It is m from now on, in this browser."
    tab.go(f"/topics/{first}/evidence")
    tab.press("m", "1")
    tab.page.locator(f".toast:has-text('{first} given a key quote')").wait_for()
    tab.press("u")
    tab.page.locator("text=Taken back").wait_for()
    tab.go("/help/keys")
    tab.page.click("[data-reset]")
    assert tab.page.inner_text("tr[data-was=j] th").strip() == "j"
