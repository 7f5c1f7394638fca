from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bridge.errors import SettingsError
from bridge.render.adf import Adf
from bridge.render.document import Document, Quote, plain_text
from bridge.render.format import Format
from bridge.render.markdown import Markdown
from bridge.render.ticket import (
    NOTES,
    ItemText,
    NoteText,
    QuoteText,
    SimilarText,
    TicketText,
    default_budget,
    faults_of_templates,
    find_template,
    note_document,
    summary,
    ticket_document,
    written_document,
)
from bridge.render.wiki import Wiki

FORMATS: list[Format] = [Adf(), Wiki(), Markdown()]


def quote(number: int, text: str = "The export hangs at 99%", author: str | None = "Anna") -> QuoteText:
    return QuoteText(
        text=f"{text} ({number})",
        author=author,
        account="ACME",
        source="zendesk",
        day=date(2026, 3, number + 1),
        url=f"https://help.example.com/tickets/{number}",
        item=f"zendesk:{number}",
        statement_id=number,
    )


TICKET = TicketText(
    topic="T-12",
    title="Export hangs",
    reach=41,
    mentions=57,
    first_seen=date(2026, 1, 1),
    last_seen=date(2026, 3, 1),
    active_weeks=7,
    weeks=9,
    per_week=tuple(range(26)),
    ratio=2.4,
    burst=True,
    returns=2,
    kinds={"problem": 50, "request": 7},
    sources={"zendesk": 57},
    accounts={f"Account {n}": n for n in range(1, 8)},
    quotes=tuple(quote(n) for n in range(9)),
    similar=(SimilarText(topic="T-3", title="Export is slow", key="FB-3"),),
    page_url="https://bridge.example.com/topics/T-12",
)
NOTE = NoteText(
    topic="T-12",
    title="Export hangs",
    reach=41,
    mentions=57,
    new_people=20,
    new_mentions=31,
    since=date(2026, 2, 1),
    quiet_days=40,
    items=(ItemText(name="zendesk 7", url="https://help.example.com/7"), ItemText(name="app 3")),
    other="T-9",
    key="FB-9",
    status="Won't do",
)


def quotes(document: Document) -> list[str]:
    return [plain_text(block.blocks) for block in document.blocks if isinstance(block, Quote)]


def test_a_ticket_says_who_since_when_how_it_grows_and_who_said_what():
    said = plain_text(ticket_document(TICKET, fmt=Wiki()).blocks)

    for told in (
        "41 people said this 57 times since 2026-01-01, last on 2026-03-01; in 7 of 9 weeks.",
        "Trend, 26 weeks: ▁▂",
        "×2.4 of its share before",
        "burst",
        "came back 2 times",
        "Kinds: problem 50, request 7",
        "Sources: zendesk 57",
        "Accounts: Account 7 7, Account 6 6, Account 5 5, Account 4 4, Account 3 3 and 2 more",
        "The export hangs at 99% (0)\n\n— Anna, ACME, zendesk, 2026-03-01, where it was said",
        "T-3 Export is slow (FB-3)",
        "Topic T-12: all that was said, found by Feedback Bridge.",
    ):
        assert told in said
    assert "'https://bridge.example.com/topics/T-12'" in repr(ticket_document(TICKET, fmt=Wiki()))


def test_a_new_topic_of_one_person_reads_well_too():
    small = replace(
        TICKET, reach=1, mentions=1, weeks=1, active_weeks=1, ratio=None, burst=False, returns=0, accounts={},
        quotes=(quote(1, author=None),), similar=(), page_url=None,
    )  # fmt: skip

    said = plain_text(ticket_document(small, fmt=Wiki()).blocks)

    assert "1 person said this once since" in said
    assert "in 1 of 1 week." in said
    assert "— somebody, ACME" in said
    assert "Accounts" not in said
    assert "Similar" not in said
    assert said.endswith("Topic T-12, found by Feedback Bridge.")


def test_at_most_seven_quotes_are_shown_and_long_ones_are_cut_at_a_word():
    long = replace(TICKET, quotes=tuple(quote(n, "word " * 300) for n in range(9)))

    shown = quotes(ticket_document(long, fmt=Wiki()))

    assert len(shown) == 7
    first = shown[0].split("\n\n")[0]
    assert 500 < len(first) <= 600
    assert first.endswith("word…")


def test_an_address_at_the_cut_is_masked_before():
    text = "x " * 295 + "anna.maria.mueller@example.com"

    shown = quotes(ticket_document(replace(TICKET, quotes=(quote(1, text),)), fmt=Wiki()))[0]

    assert "anna" not in shown


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("budget", [400, 1500, 3000, 6000, 28_000])
def test_a_ticket_fits_its_budget_after_rendering(fmt: Format, budget: int):
    hostile = tuple(quote(n, "{[!*_-|~^\\" * (n + 1) * 90, author="*" * 5000) for n in range(9))
    large = replace(
        TICKET, quotes=hostile, similar=tuple(SimilarText(topic=f"T-{n}", title="[" * 300) for n in range(5))
    )

    document = ticket_document(large, fmt=fmt, budget=budget)

    assert fmt.size(fmt.wrap(document)) <= budget
    assert fmt.block(fmt.wrap(document)) == fmt.canonical(document)


def test_the_weakest_quotes_go_first_then_their_ends_then_the_similar_topics():
    fmt = Wiki()
    whole = fmt.size(fmt.wrap(ticket_document(TICKET, fmt=fmt)))

    fewer = ticket_document(TICKET, fmt=fmt, budget=whole - 1)
    long = replace(TICKET, quotes=tuple(quote(n, "word " * 100) for n in range(7)))
    shorter = ticket_document(long, fmt=fmt, budget=1700)
    least = ticket_document(long, fmt=fmt, budget=1150)

    assert [text[:27] for text in quotes(fewer)] == [f"The export hangs at 99% ({n})" for n in range(6)]
    assert len(quotes(shorter)) == 3
    assert "T-3" in plain_text(shorter.blocks)
    assert "T-3" not in plain_text(least.blocks)


def test_cloud_is_given_more_room_because_trees_are_longer_than_texts():
    assert [default_budget(fmt) for fmt in FORMATS] == [28_000, 20_000, 20_000]


@pytest.mark.parametrize("name", NOTES)
def test_a_note_is_one_paragraph_that_names_topic_counts_and_items(name: str):
    document = note_document(name, NOTE)

    assert len(document.blocks) == 1
    said = plain_text(document.blocks)
    for told in ("T-12", "Export hangs", "41 people", "57 mentions", "zendesk 7, app 3"):
        assert told in said


def test_notes_about_other_topics_and_tickets_name_them():
    for name in ("merged", "split"):
        assert "T-9" in plain_text(note_document(name, NOTE).blocks)
    with pytest.raises(ValueError, match="no note is called 'shrunk'; there are grew, "):
        note_document("shrunk", NOTE)


def test_a_note_with_the_least_that_is_known_is_a_sentence_too():
    for name in NOTES:
        said = plain_text(note_document(name, NoteText(topic="T-1", title="x", reach=1, mentions=1)).blocks)

        assert said.endswith(".")
        assert "None" not in said


def test_the_projects_own_template_comes_before_the_users_and_ours(tmp_path: Path):
    assert find_template("ticket.md.j2", tmp_path, "FB").file == "ticket.md.j2"

    (tmp_path / "ticket.md.j2").write_text("All: {{ title }}")
    (tmp_path / "FB").mkdir()
    (tmp_path / "FB" / "ticket.md.j2").write_text("Mine: {{ title }}")

    found = find_template("ticket.md.j2", tmp_path, "FB")
    assert found == "Mine: {{ title }}"
    assert found.file.endswith("FB/ticket.md.j2")
    assert find_template("ticket.md.j2", tmp_path, "OTHER") == "All: {{ title }}"
    assert find_template("ticket.md.j2", tmp_path, "../FB") == "All: {{ title }}"
    assert plain_text(ticket_document(TICKET, template=found, fmt=Wiki()).blocks) == "Mine: Export hangs"


def test_a_template_that_can_not_be_read_is_a_wrong_setting(tmp_path: Path):
    (tmp_path / "ticket.md.j2").write_bytes(b"\xff\xfe\xff")

    with pytest.raises(SettingsError, match=r"ticket\.md\.j2: can't be read as a template"):
        find_template("ticket.md.j2", tmp_path, "FB")


def test_a_template_of_a_user_that_says_too_much_still_fits():
    document = ticket_document(TICKET, template="word\n\n" * 500, fmt=Wiki(), budget=2000)

    assert Wiki().size(Wiki().wrap(document)) <= 2000
    assert plain_text(document.blocks).endswith("…")


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Export\nhangs\t at 99%", "Export hangs at 99%"),
        ("a\u202eb\x00c\u2028d", "abc d"),
        ("mail anna@example.com", "mail [e-mail]"),
        ("", "Untitled topic T-4"),
        ("\u200b \n", "Untitled topic T-4"),
    ],
)
def test_a_summary_is_one_line_that_may_leave(title: str, said: str):
    assert summary(title, "T-4") == said


def test_a_long_summary_is_cut_at_a_word():
    said = summary("word " * 100)

    assert 250 < len(said) <= 255
    assert said.endswith("word…")
    assert len(summary("x" * 999)) == 255


def test_own_templates_are_tried_before_a_ticket_needs_them(tmp_path: Path):
    (tmp_path / "WEB").mkdir()
    (tmp_path / "note_grew.md.j2").write_text("{{ nothere }}", encoding="utf-8")
    (tmp_path / "WEB" / "ticket.md.j2").write_text("", encoding="utf-8")

    web, app = faults_of_templates(tmp_path, "WEB"), faults_of_templates(tmp_path, "APP")

    assert len(web) == 2
    assert "ticket.md.j2 says nothing" in web[0]
    assert "note_grew.md.j2" in web[1]
    assert "nothere" in web[1]
    assert app == web[1:]
    assert faults_of_templates(tmp_path / "empty", "WEB") == []


@pytest.mark.parametrize("fmt", [Adf(), Wiki(), Markdown()], ids=lambda fmt: fmt.name)
def test_what_a_person_wrote_is_masked_as_all_that_goes_out(fmt: Format):
    said = "Call *anna.schmidt@example.org*\n\n* card 4111 1111 1111 1111\n* password: hunter2hunter"

    out = fmt.plain(fmt.write(written_document(said, fmt)))

    assert "anna.schmidt" not in out
    assert "4111" not in out
    assert "[e-mail]" in out
