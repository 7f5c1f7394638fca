"""What a row becomes: a message with its id and revision, or a reason why not."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors import Event, Gap, Rejected, Upsert
from connectors.errors import BadSettings
from connectors.files import Files

NOW = datetime(2026, 2, 16, 8, 0, tzinfo=UTC)
NAMED = {name: name for name in ("id", "at", "author", "display", "text")}
HEAD = "id,at,author,text\n"


def pulled(tmp_path: Path, content: str | bytes, name: str = "feedback.csv", **settings: Any):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(Files(path=str(path), **settings).pull(None))


def messages(events: Iterable[Event]):
    return [event.message for event in events if isinstance(event, Upsert)]


def rejected(events: Iterable[Event]):
    return [event for event in events if isinstance(event, Rejected)]


def test_a_row_becomes_a_message_with_all_it_says(tmp_path: Path):
    head = "id,created_at,author,text,url,lang,company,stars,parent_id,updated_at\n"
    row = "7,2026-02-10 12:00,@ana_r,Great app,https://a.example/7,en-GB,Brandt,4/5,6,2026-02-11\n"

    (found,) = messages(pulled(tmp_path, head + row, timezone="Europe/Madrid"))

    assert (found.external_id, found.text, found.url, found.lang) == (
        "7",
        "Great app",
        "https://a.example/7",
        "en",
    )
    assert found.said_at == datetime(2026, 2, 10, 11, 0, tzinfo=UTC)
    assert found.edited_at == datetime(2026, 2, 10, 23, 0, tzinfo=UTC)
    assert (found.author.handle, found.author.account) == ("ana_r", "Brandt")
    assert (found.rating, found.parent) == (0.8, "6")


@pytest.mark.parametrize(
    ("author", "shown", "called", "contact"),
    [
        ("Ana Ruiz <Ana@a.example>", "", "Ana Ruiz", "Ana@a.example"),
        ('"Ruiz; Ana" <ana@a.example>', "", "Ruiz; Ana", "ana@a.example"),
        ("<ana@a.example>", "", None, "ana@a.example"),
        ("Ana@a.example", "", None, "Ana@a.example"),
        ("ana@a.example", "Ana", "Ana", "ana@a.example"),
        ("", "Ana <ana@a.example>", "Ana", "ana@a.example"),
    ],
)
def test_a_mail_address_is_a_contact_and_no_name(
    tmp_path: Path, author: str, shown: str, called: str | None, contact: str
):
    cells = [cell.replace('"', '""') for cell in (author, shown)]
    row = f'1,2026-02-10,"{cells[0]}","{cells[1]}",Hi\n'

    (found,) = messages(pulled(tmp_path, "id,at,author,display,text\n" + row, columns=NAMED))

    who = found.author
    assert (who.handle, who.display, who.contact) == (None, called, contact)
    assert who.id == (author or shown).casefold()


def test_a_handle_stays_beside_a_mail_address_and_a_fediverse_name_is_none(tmp_path: Path):
    rows = "1,2026-02-10,ana_r,ana@a.example,Hi\n2,2026-02-10,@ana@social.example,,Hi\n"

    one, two = messages(pulled(tmp_path, "id,at,author,display,text\n" + rows, columns=NAMED))

    assert (one.author.handle, one.author.contact) == ("ana_r", "ana@a.example")
    assert (two.author.handle, two.author.contact) == ("ana@social.example", None)


def test_the_text_is_kept_as_it_was(tmp_path: Path):
    text = "  Two\nlines, \u202eright to left\u200b and tabs\t "

    (found,) = messages(pulled(tmp_path, f'{HEAD}1,2026-02-10,ana,"{text}"\n'))

    assert found.text == text


def test_without_an_id_column_the_order_of_rows_does_not_matter(tmp_path: Path):
    rows = [f"2026-02-{day:02},p{day % 3},words of day {day}\n" for day in range(1, 20)]
    shuffled = random.Random(7).sample(rows, len(rows))  # noqa: S311 - no secret

    first = messages(pulled(tmp_path, "at,author,text\n" + "".join(rows), "a.csv"))
    second = messages(pulled(tmp_path, "at,author,text\n" + "".join(shuffled), "b.csv"))

    assert {(one.external_id, one.revision) for one in first} == {
        (one.external_id, one.revision) for one in second
    }
    assert len({one.external_id for one in first}) == 19


def test_identical_rows_are_one_item(tmp_path: Path):
    found = messages(pulled(tmp_path, "at,author,text\n" + "2026-02-10,ana,Same words\n" * 3))

    assert len({(one.external_id, one.revision) for one in found}) == 1


def test_the_revision_changes_with_the_content_and_only_then(tmp_path: Path):
    def revision(row: str):
        (found,) = messages(pulled(tmp_path, "id,at,author,text,note\n" + row))
        return found.revision

    base = revision("1,2026-02-10,ana,Hello there,x\n")

    assert revision("1,2026-02-10T00:00:00Z,@ana,Hello there,y\n") == base
    assert revision("1,2026-02-10,ana,Hello where,x\n") != base
    assert revision("1,2026-02-11,ana,Hello there,x\n") != base
    assert revision("1,2026-02-10,bo,Hello there,x\n") != base


def test_without_a_time_column_the_time_of_import_is_taken_and_no_content(tmp_path: Path):
    (one,) = messages(pulled(tmp_path, "id,text\n1,Hello there\n", now=NOW))
    (two,) = messages(pulled(tmp_path, "id,text\n1,Hello there\n", now=NOW.replace(year=2027)))

    assert (one.said_at, two.said_at.year) == (NOW, 2027)
    assert (one.external_id, one.revision) == (two.external_id, two.revision)


def test_without_a_time_column_and_a_time_nothing_is_guessed(tmp_path: Path):
    with pytest.raises(BadSettings, match=r"no column tells when.*'id', 'text'.*--map at=COLUMN"):
        pulled(tmp_path, "id,text\n1,Hello there\n")


def test_a_wrong_date_is_set_aside_with_its_row_and_the_rest_goes_on(tmp_path: Path):
    events = pulled(tmp_path, f"{HEAD}1,2026-02-10,ana,One\n2,31/31/2026,ana,Two\n3,2026-02-12,ana,Three\n")

    (bad,) = rejected(events)
    assert bad.where == "row 3"
    assert bad.reason.startswith("at: '31/31/2026' is not a date")
    assert json.loads(bad.raw) == {"id": "2", "at": "31/31/2026", "author": "ana", "text": "Two"}
    assert [one.external_id for one in messages(events)] == ["1", "3"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,2026-02-10,ana,\n", "text: 'text' is empty"),
        ('1,2026-02-10,ana," \t"\n', "text: 'text' is empty"),
        (",2026-02-10,ana,Hello\n", "id: 'id' is empty"),
        ("1,,ana,Hello\n", "at: is empty"),
        ("1,2026-02-10,ana,Hello,there,you\n", "6 cells where the header has 4"),
        ("1,2026-02-10\n", "text: 'text' is empty"),
    ],
)
def test_a_row_that_is_no_message_says_why(tmp_path: Path, row: str, reason: str):
    events = pulled(tmp_path, f"{HEAD}0,2026-02-10,ana,Good\n00,2026-02-10,ana,Good\n{row}")

    assert [bad.where for bad in rejected(events)] == ["row 4"]
    assert reason in rejected(events)[0].reason
    assert len(messages(events)) == 2


def test_rejected_input_is_cut(tmp_path: Path):
    (bad,) = rejected(pulled(tmp_path, f"{HEAD}1,never,ana,{'x' * 5000}\n2,2026-02-10,a,b\n"))

    assert len(bad.raw) == 2000


def test_the_date_order_is_proven_by_a_row_far_behind_the_sample(tmp_path: Path):
    rows = "".join(f"{n},02/03/2026,ana,words\n" for n in range(900)) + "900,02/28/2026,ana,words\n"

    found = messages(pulled(tmp_path, HEAD + rows))

    assert {(one.said_at.month, one.said_at.day) for one in found} == {(2, 3), (2, 28)}


def test_an_ambiguous_column_is_day_first_and_said_so(tmp_path: Path):
    path = tmp_path / "feedback.csv"
    path.write_text(f"{HEAD}1,02/03/2026,ana,words\n")
    source = Files(path=str(path))

    (found,) = messages(source.pull(None))

    assert found.said_at == datetime(2026, 3, 2, tzinfo=UTC)
    assert any("no row proves either: taken day first" in line for line in source.explain())


def test_stars_are_read_on_their_own_scale(tmp_path: Path):
    rows = "".join(f"{n},2026-02-10,words,{n}\n" for n in range(1, 6))

    found = messages(pulled(tmp_path, "id,at,text,stars\n" + rows + "6,2026-02-10,words,n/a\n"))

    assert [one.rating for one in found] == [0.2, 0.4, 0.6, 0.8, 1.0, None]


def test_a_role_column_tells_staff(tmp_path: Path):
    found = messages(
        pulled(tmp_path, "id,at,author,role,text\n1,2026-02-10,a,Support Agent,Hi\n2,2026-02-10,b,user,Yo\n")
    )

    assert [one.author.is_staff for one in found] == [True, False]


def test_characters_that_cannot_be_read_are_replaced_and_said(tmp_path: Path):
    accents = "".join(f"{n},2026-02-10,ana,mañana está aquí\n" for n in range(20))

    events = pulled(tmp_path, (HEAD + accents).encode() + b"99,2026-02-10,ana,caf\xe9 x\n")

    (gap,) = [event for event in events if isinstance(event, Gap)]
    assert "1 rows hold characters that can't be read" in gap.why
    assert messages(events)[-1].text == "caf\ufffd x"


def test_an_anonymous_handle_outside_a_call_is_still_a_person(tmp_path: Path):
    found = messages(pulled(tmp_path, f"{HEAD}1,2026-02-10,user_17,Hello\n2,2026-02-10,Customer 3,Hi\n"))

    assert [one.author.handle for one in found if one.author] == ["user_17", "Customer 3"]
