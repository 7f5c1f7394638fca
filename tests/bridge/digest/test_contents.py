"""What a digest tells, on either kind of store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from builders import NOW, Bench
from sqlalchemy import func, select, update
from sqlmodel import col

from bridge.config.model import Settings
from bridge.digest.contents import gather
from bridge.digest.records import Digest, Memory, Window
from bridge.models import Assignment, Question, SourceState, Topic
from bridge.store.views import Shelf
from tests.bridge.digest.conftest import end_ticket

MONTH = Window(NOW - timedelta(days=30))


def told(bench: Bench, window: Window = MONTH, settings: Settings | None = None) -> Digest:
    with bench.database.reading() as session:
        return gather(session, Shelf(session, bench.now), settings or bench.settings, window, bench.now)


def part(digest: Digest, name: str) -> list[str]:
    return [entry.topic for section in digest.sections if section.name == name for entry in section.entries]


def ask(bench: Bench) -> None:
    with bench.database.writing() as session:
        shape = {"topics": ["T-1", "T-2"], "score": 0.9, "why": "alike", "quotes": []}
        session.add(Question(about="merge", topic=1, other=2, score=0.9, shape=shape))


def grow(bench: Bench, number: int) -> None:
    """Let most of a topic be said lately, after a quiet time, and all else ten weeks ago."""
    with bench.database.writing() as session:
        mine = select(func.min(Assignment.statement_id)).where(Assignment.topic == number).scalar_subquery()
        before = (col(Assignment.topic) != number) | (col(Assignment.statement_id) == mine)
        session.execute(update(Assignment).where(before).values(said_at=NOW - timedelta(days=70)))
        session.execute(update(Topic).values(touched=Topic.touched + 1))


def test_new_topics_have_the_figures_of_the_list_and_a_quote(in_topics: Bench):
    reports = in_topics.reports()

    found = told(in_topics)

    entries = {entry.topic: entry for entry in found.sections[0].entries}
    assert set(entries) == set(reports)
    for name, entry in entries.items():
        report = reports[name]
        assert (entry.people, entry.mentions) == (report["reach"], report["mentions"])
        assert entry.since == report["reach"]  # all of it was said within the month
        assert entry.quote
        assert entry.place.words == f"feedback-bridge topics show {name}"


def test_what_was_told_is_no_news_again(in_topics: Bench):
    first = told(in_topics)

    again = told(in_topics, Window(NOW, first.memory))

    assert part(again, "new") == part(again, "growing") == part(again, "back") == []
    assert again.is_quiet
    assert [section.known for section in again.sections[1:]] == [
        len(section.entries) + section.more for section in first.sections[1:]
    ]


def test_a_topic_found_later_is_news_however_old_its_words_are(in_topics: Bench):
    before = told(in_topics).memory

    found = told(in_topics, Window(NOW, replace(before, topic=before.topic - 1)))

    assert part(found, "new") == [f"T-{before.topic}"]


def test_nothing_is_new_before_anything_was_said(in_topics: Bench):
    found = told(in_topics, Window(NOW - timedelta(minutes=1)))

    assert part(found, "new") == []


def test_growing_and_back_are_the_tabs_of_the_inbox(in_topics: Bench):
    grow(in_topics, 5)
    with in_topics.database.reading() as session:
        shelf = Shelf(session, NOW)

    found = told(in_topics)

    growing, back = found.sections[1:]
    assert {int(name[2:]) for name in part(found, "growing")} == shelf.growing
    assert {int(name[2:]) for name in part(found, "back")} == shelf.returned
    assert len(growing.entries) + growing.more == len(shelf.growing) > 0
    assert len(back.entries) + back.more == len(shelf.returned) > 0
    assert all("growing" in entry.sign or "bursting" in entry.sign for entry in growing.entries)


def test_what_is_put_aside_is_in_no_part(in_topics: Bench):
    with in_topics.deciding() as verbs:
        verbs.ignore(1)
    with in_topics.deciding() as verbs:
        verbs.snooze(2, until=NOW + timedelta(days=9), until_reach=None)

    found = told(in_topics)

    assert set(part(found, "new")) == set(in_topics.reports()) - {"T-1", "T-2"}


def test_proposals_and_questions_wait(in_topics: Bench):
    in_topics.set("[policy]\ncreate_when = { people = 3, within_days = 90 }\n")
    in_topics.sync()
    ask(in_topics)
    proposed = in_topics.query("SELECT id FROM ticket WHERE state = 'proposed'")

    found = told(in_topics)

    assert {tab.tab: tab.count for tab in found.waiting} == {"new": len(proposed), "duplicates": 1, "low": 0}
    assert not replace(found, sections=()).is_quiet


def test_a_ticket_that_ended_is_told_with_the_people_who_asked_and_once(in_topics: Bench):
    reports = in_topics.reports()
    end_ticket(in_topics, 1, NOW - timedelta(hours=3))
    end_ticket(in_topics, 2, NOW - timedelta(days=40))

    first = told(in_topics)
    again = told(in_topics, Window(NOW, first.memory))

    assert [(one.topic, one.key, one.state) for one in first.ended] == [("T-1", "FB-1", "done")]
    assert first.ended[0].people == reports["T-1"]["reach"]
    assert again.ended == ()


def test_a_ticket_whose_end_came_to_our_notice_late_is_told_nevertheless(in_topics: Bench):
    before = told(in_topics).memory
    end_ticket(in_topics, 1, NOW - timedelta(hours=30))

    found = told(in_topics, Window(NOW - timedelta(hours=24), before))

    assert [one.topic for one in found.ended] == ["T-1"]


def test_what_was_done_and_is_released_later_is_told_again(in_topics: Bench):
    end_ticket(in_topics, 1, NOW - timedelta(hours=3), released_at=NOW - timedelta(hours=1))
    with in_topics.database.reading() as session:
        ticket = session.connection().exec_driver_sql("SELECT max(id) FROM ticket").scalar_one()
    done = Memory(topic=9, ended=frozenset({f"{ticket} done"}))

    found = told(in_topics, Window(NOW - timedelta(hours=2), done))

    assert [one.state for one in found.ended] == ["released"]


def test_a_ticket_that_ended_by_a_no_is_not_told(in_topics: Bench):
    end_ticket(in_topics, 1, NOW - timedelta(hours=3), resolution=in_topics.settings.jira.wont_do[0])
    end_ticket(in_topics, 2, NOW - timedelta(hours=3), copy_of="WEB-1")

    assert told(in_topics).ended == ()


def test_a_failing_source_is_told_and_breaks_the_quiet(in_topics: Bench):
    everything = told(in_topics).memory
    with in_topics.database.writing() as session:
        fault = "401 for ana@acme.example"
        session.add(SourceState(name="desk", connector="files", state="failing", last_error=fault))

    found = told(in_topics, Window(NOW, everything))

    assert [(one.source, one.error) for one in found.failing] == [("desk", "401 for [e-mail]")]
    assert not found.is_quiet


def test_what_people_wrote_is_masked_and_on_one_line(in_topics: Bench):
    text = "call me\n\x1b[2J at +49 30 1234567 or ana@acme.example \u202eevil"
    in_topics.query("UPDATE statement SET text = ?", text)
    in_topics.query("UPDATE topic SET title = ?", text)

    entry = told(in_topics).sections[0].entries[0]

    for said in (entry.quote, entry.title):
        assert said == "call me [2J at [phone] or [e-mail] evil"


def test_links_go_to_the_public_address_and_change_nothing_there(in_topics: Bench):
    in_topics.set('[server]\nurl = "https://feedback.acme.example/"\n')

    found = told(in_topics)

    places = [entry.place for section in found.sections for entry in section.entries]
    places += [section.place for section in found.sections] + [tab.place for tab in found.waiting]
    assert places[0].href == f"https://feedback.acme.example/topics/{found.sections[0].entries[0].topic}"
    for place in places:
        path = (place.href or "").removeprefix("https://feedback.acme.example/")
        assert path.split("?")[0].split("/")[0] in ("topics", "review")


def test_an_empty_store_is_quiet(bench: Bench):
    found = told(bench)

    assert found.is_quiet
    assert found.memory == Memory()
    assert found.as_json()["quiet"] is True


def test_what_is_remembered_reads_back_as_it_was(in_topics: Bench):
    end_ticket(in_topics, 1, NOW - timedelta(hours=3))
    memory = told(in_topics).memory

    assert f"T-{memory.topic}" in in_topics.reports()
    assert Memory.from_json(memory.as_json()) == memory
    assert len(memory.ended) == 1
