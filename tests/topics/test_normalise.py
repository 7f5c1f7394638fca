from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from topics.normalise import normalise, plain

TRICKY = st.text(
    alphabet=st.sampled_from(
        "&am;ltgquo#x3e260<>@RT:.\u00c3\u00a9\u00e2\u0080\u0099 \n\r\t\u200b\u200d\u0301\ufe0f"
    )
)


def test_mojibake_is_repaired_and_curly_quotes_stay_as_written():
    clean = normalise("CafÃ© voilÃ  “fermé” donâ€™t")

    assert clean.text == "Café voilà “fermé” don’t"


def test_entities_are_resolved_even_when_escaped_twice():
    assert (
        normalise("fish &amp;amp; chips &lt;3 &quot;now&quot; AT&T R&D;").text
        == 'fish & chips <3 "now" AT&T R&D;'
    )


def test_characters_nobody_sees_go_and_a_family_emoji_stays_whole():
    clean = normalise(
        "re\u202efund\u200b my\x00 ti\u00adcket\ufeff "
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f now"
    )

    assert clean.text == "refund my ticket \U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f now"


@pytest.mark.parametrize(
    "raw",
    [
        "the \x1b[1;31mapp\x1b[0m is\x1b[2J slow",
        "the \x1b]0;a title\x07app is slow",
        "the \x1b]8;;https://a.example\x1b\\app\x1b]8;;\x1b\\ is slow",
        "the \x1b[?25lapp\x1b is slow",
    ],
)
def test_what_steers_a_terminal_goes_whole(raw: str):
    assert normalise(raw).text == "the app is slow"


def test_a_broken_surrogate_becomes_the_sign_for_an_unknown_character_and_a_pair_is_joined():
    assert normalise("lost\ud83d bag \ud83d\ude21").text == "lost\ufffd bag \U0001f621"


def test_the_joiner_that_persian_needs_stays_and_one_inside_an_english_word_goes():
    persian = "\u0645\u06cc\u200c\u062e\u0648\u0645"

    assert normalise(f"{persian} re\u200cfund").text == f"{persian} refund"


def test_white_space_is_folded_and_paragraphs_are_kept():
    assert normalise("  one\t two \r\nthree\r\n\r\n \r\n\u00a0four  ").text == "one two\nthree\n\nfour"


def test_decomposed_letters_are_composed():
    assert normalise("cafe\u0301").text == "caf\u00e9"


def test_handles_are_named_once_in_order_and_mail_addresses_are_none():
    clean = normalise(".@Delta hi @united,@DELTA write to bob@example.org or see medium.com/@someone")

    assert clean.handles == ("delta", "united")
    assert clean.text.startswith(".@Delta hi @united")


def test_links_are_found_without_the_punctuation_behind_them():
    clean = normalise("(see https://example.org/a?b=1), or www.example.com. again https://example.org/a?b=1")

    assert clean.urls == ("https://example.org/a?b=1", "www.example.com")


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        ("RT @Anna: my bag is gone", "anna"),
        ("so true RT @Anna: my bag is gone", "anna"),
        ("“@Anna: my bag is gone” me too", "anna"),
        ("my bag is gone via @Anna https://t.example/x", "anna"),
        ("please RT and follow @Anna", None),
        ("I wrote a long comment of my own before RT @Anna: my bag is gone", None),
        ("@Anna my bag is gone", None),
    ],
)
def test_a_repost_names_whom_it_repeats(text: str, handle: str | None):
    assert normalise(text).repost_of == handle


def test_mark_up_becomes_text_with_its_paragraphs():
    page = (
        "<style>p{}</style><p>My bag\n is <b>lost</b>.</p><p>Still!<br>Third day &amp; counting</p>"
        "<script>x()</script>"
    )

    assert normalise(page, is_html=True).text == "My bag is lost.\n\nStill!\nThird day & counting"


def test_words_in_different_cells_do_not_run_together():
    assert normalise("<ul><li>red bag<li>blue bag</ul><div>end</div>", is_html=True).text.split() == [
        *("red", "bag", "blue", "bag", "end"),
    ]


def test_a_quoted_html_mail_loses_the_older_mail():
    page = "<div>Still broken.</div><div class='gmail_quote'>On Monday support wrote: hello</div>"

    assert normalise(page, is_html=True, is_mail=True).text == "Still broken."


def test_a_bare_forward_in_mark_up_is_kept():
    page = "<div class='gmail_quote'>The customer says: my bag is lost</div>"

    assert normalise(page, is_html=True, is_mail=True).text == "The customer says: my bag is lost"
    assert (
        normalise(f"<div>Still.</div>{page}", is_html=True).text
        == "Still.\nThe customer says: my bag is lost"
    )


OLDER = [
    "On Mon, 3 Nov 2025 at 10:12, Support <help@example.org> wrote:",
    "Am 03.11.2025 um 10:12 schrieb Support <help@example.org>:",
    "Le lun. 3 nov. 2025 à 10:12, Support <help@example.org> a écrit :",
    "El lun, 3 nov 2025 a las 10:12, Support (<help@example.org>) escribió:",
    "Em seg., 3 de nov. de 2025 às 10:12, Support <help@example.org> escreveu:",
    "-----Original Message-----",
    "-----Ursprüngliche Nachricht-----",
    "From: Support\nSent: Monday\nTo: Me\nSubject: Your bag",
    "Von: Support\nGesendet: Montag\nAn: Ich\nBetreff: Ihr Koffer",
    "On Mon, 3 Nov 2025 at 10:12, Support Team of the Airline\n<help@example.org> wrote:",
]


@pytest.mark.parametrize("header", OLDER)
def test_what_follows_the_header_of_an_older_mail_goes(header: str):
    mail = f"The bag is still missing.\n\n{header}\nDear customer, we look for it."

    assert normalise(mail, is_mail=True).text == "The bag is still missing."


def test_answers_between_quoted_lines_are_kept():
    mail = "On Monday, Support wrote:\n> Which flight?\nThe one to Rome.\n> Which bag?\nThe red one."

    assert normalise(mail, is_mail=True).text == "The one to Rome.\nThe red one."


@pytest.mark.parametrize(
    "end",
    [
        "-- \nAnna Berg\nExample Ltd",
        "Best regards,\nAnna",
        "Mit freundlichen Grüßen\nAnna",
        "Cordialement",
        "Sent from my iPhone",
    ],
)
def test_signatures_go(end: str):
    assert normalise(f"The app crashes.\n\n{end}", is_mail=True).text == "The app crashes."


def test_a_list_a_thanks_with_more_to_say_and_a_postscript_are_no_signature():
    mail = "Two:\n- red bag\n- blue bag\nThanks, but please answer.\nRegards\nAnna\nPS: the app crashes"

    clean = normalise(mail, is_mail=True)

    assert clean.text == "Two:\n- red bag\n- blue bag\nThanks, but please answer.\nPS: the app crashes"


def test_a_trip_with_from_and_to_is_no_mail_header():
    mail = "My trip\nFrom: London\nTo: Rome\nDate: Monday\nwas awful."

    assert normalise(mail, is_mail=True).text == mail


def test_a_bare_forward_is_kept_whole():
    mail = "> my bag is lost"

    assert normalise(mail, is_mail=True).text == mail


def test_a_text_that_is_too_long_is_cut_and_says_so():
    long, short = normalise("bag " * 100, max_chars=50), normalise("bag", max_chars=50)

    assert (len(long.text) <= 50, long.truncated, short.truncated) == (True, True, False)


HOSTILE = {
    "angles": "<" * 1_000_000,
    "ampersands": "&" * 1_000_000,
    "nested entities": "&" + "amp;" * 200_000,
    "nested tags": "<div>" * 200_000 + "deep",
    "blank lines": "\n" * 100_000,
    "NULs": "\0" * 1_000_000,
    "emoji": "\U0001f621" * 300_000,
    "right to left": "\u202e\u0645\u0631\u062d\u0628 " * 50_000,
    "surrogates": "\ud83d" * 500_000,
    "one word": "a" * 2_000_000,
    "reply headers": "On 1 " + "a " * 500_000,
    "quotes": "> x\n" * 200_000,
    "at signs": "a@" * 500_000,
    "digits": "1-" * 500_000,
    "mojibake": "Ã©" * 200_000,
}


@pytest.mark.slow
@pytest.mark.timeout(60)  # a quadratic pattern would need hours
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_megabytes_end_in_a_bounded_text(name: str):
    for is_html, is_mail in ((False, False), (True, False), (False, True)):
        clean = normalise(HOSTILE[name], is_html=is_html, is_mail=is_mail)

        assert len(clean.text) <= 100_000
        assert normalise(clean.text).text == clean.text
        clean.text.encode("utf-8")
    plain(HOSTILE[name])


@given(st.text() | TRICKY)
@example("&a&#x200b;mp;lt;")
@example("\u00c3\u200b\u00a9 &#x37e; &#38;#38;amp;")
@example("a \u2028 b &#13;&#10; c")
def test_cleaning_twice_changes_nothing(raw: str):
    once = normalise(raw)

    assert normalise(once.text).text == once.text


@given(st.text() | TRICKY, st.booleans(), st.booleans())
def test_any_text_can_be_cleaned_as_anything(raw: str, is_html: bool, is_mail: bool):
    normalise(raw, is_html=is_html, is_mail=is_mail, max_chars=20).text.encode("utf-8")


def test_the_plain_form_drops_handles_and_links_and_splits_hashtags():
    said = plain("@united no bag since 3 days http://t.example/x #CustomerService #LGA #not_happy2day")

    assert said == "no bag since 3 days customer service LGA not happy 2day"


def test_the_plain_form_says_emoji_in_words_once_and_folds_elongations():
    assert plain("soooo late 😡😡😡 !!!! ✈️") == "soo late angry ! plane"


def test_numbers_that_name_one_case_go_and_numbers_that_mean_something_stay():
    said = plain(
        "Flight UA1532 on 2015, booking F5R3ZZ, order 8493021: 2 bags, A320, 30min, "
        "call 1-800-433-7300 or a.b@x.org"
    )

    assert said == "Flight on 2015, booking , order : 2 bags, A320, 30min, call phone or email"


@pytest.mark.parametrize("text", ["@united", "https://example.org/lost", "UA1532", "#bag", "F5R3ZZ 🧳"])
def test_the_plain_form_of_a_text_with_letters_has_letters(text: str):
    assert any(map(str.isalpha, plain(text)))


@given(st.text())
def test_the_plain_form_is_one_line_and_keeps_letters(text: str):
    said = plain(text)

    assert "\n" not in said
    assert any(map(str.isalpha, said)) or not any(map(str.isalpha, text))
