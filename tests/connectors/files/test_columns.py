"""Which column holds what: set, known by a preset, or guessed."""

from __future__ import annotations

import pytest

from connectors.errors import BadSettings
from connectors.files import guess_columns
from connectors.files.columns import choose_columns
from connectors.files.presets import PRESETS

WORDS = "The app logs me out again and again"


def sample(**cells: str):
    return [cells]


def test_names_of_a_tweet_export_are_guessed_and_utc_is_preferred():
    header = ["tweet_id", "created_at", "created_at_utc", "author", "text"]
    row = dict(
        zip(header, ["1", "2026-02-16T23:00:00-08:00", "2026-02-17T07:00:00Z", "ana", WORDS], strict=True)
    )

    found = guess_columns(header, [row])

    assert found.of == {"text": "text", "id": "tweet_id", "at": "created_at_utc", "author": "author"}
    assert found.describe()[0] == "text = 'text' (guessed)"


@pytest.mark.parametrize(
    "name", ["Body", "REVIEW", "Comment Text", "Mensaje", "Nachricht", "内容", "avis", "Opinión"]
)
def test_the_text_is_guessed_in_several_languages(name: str):
    assert guess_columns([name, "x"], [{name: WORDS, "x": "1"}]).of["text"] == name


def test_names_inside_json_objects_are_guessed():
    header = ["id", "full_text", "user.screen_name"]

    found = guess_columns(header, [{"id": "1", "full_text": WORDS, "user.screen_name": "ana"}])

    assert found.of == {"text": "full_text", "id": "id", "author": "user.screen_name"}


def test_the_one_wordy_column_is_the_text_when_no_name_tells():
    found = guess_columns(["a", "b"], [{"a": "x1", "b": WORDS}] * 3)

    assert found.of == {"text": "b"}
    assert found.describe() == ["text = 'b' (guessed from its content)"]


def test_two_wordy_columns_are_not_chosen_between():
    assert guess_columns(["a", "b"], [{"a": WORDS, "b": WORDS}]).of == {}


def test_a_column_is_not_the_time_when_its_values_are_no_times():
    assert "at" not in guess_columns(["text", "date"], [{"text": WORDS, "date": "no idea"}]).of


def test_a_column_is_not_the_id_when_it_repeats_all_the_time():
    rows = [{"text": WORDS, "review_id": str(number // 3)} for number in range(60)]

    assert "id" not in guess_columns(["text", "review_id"], rows).of


def test_what_is_set_wins_over_the_guess():
    rows = sample(text="short", Body=WORDS, id="1")

    found = choose_columns(["text", "Body", "id"], rows, {"text": "Body"}, None)

    assert found.of["text"] == "Body"
    assert found.describe() == ["text = 'Body' (set)", "id = 'id' (guessed)"]


def test_a_mapped_column_that_is_not_there_names_the_nearest():
    with pytest.raises(BadSettings, match=r"text is mapped to 'Boddy'.*Did you mean 'Body'.*'Body', 'id'"):
        choose_columns(["Body", "id"], sample(Body=WORDS, id="1"), {"text": "Boddy"}, None)


def test_no_text_column_lists_the_columns_and_the_map_to_write():
    with pytest.raises(BadSettings, match=r"'k1', 'Long name'.*--map text='Long name'"):
        choose_columns(["k1", "Long name"], sample(**{"k1": "1", "Long name": "2"}), {}, None)


def test_a_preset_knows_its_own_columns_whatever_their_case():
    header = ["FULL TEXT", "Date", "Url", "Mention ID"]
    row = dict(zip(header, [WORDS, "2026-02-16 10:00", "https://a.example", "m1"], strict=True))

    found = choose_columns(header, [row], {}, PRESETS["brandwatch"])

    assert found.of == {"text": "FULL TEXT", "id": "Mention ID", "at": "Date", "url": "Url"}
    assert set(found.ways.values()) == {"preset"}


def test_a_text_the_preset_does_not_find_is_guessed():
    header = ["Body", "Date", "Author"]
    row = {"Body": WORDS, "Date": "2026-02-16 10:00", "Author": "ana"}

    found = choose_columns(header, [row], {}, PRESETS["brandwatch"])

    assert found.describe() == [
        "text = 'Body' (guessed)",
        "at = 'Date' (preset)",
        "author = 'Author' (preset)",
    ]
