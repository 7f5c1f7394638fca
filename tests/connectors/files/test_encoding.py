"""Encodings are told from all of a file's bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import BadSettings
from connectors.files.encoding import named, sniffed, storable

SPANISH = "id,text\n" + "".join(
    f"{n},La aplicación falló en el último paso, ¿qué pasó con mañana?\n" for n in range(40)
)
RUSSIAN = "id,text\n" + "".join(f"{n},Приложение не открывается после обновления\n" for n in range(40))


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_spanish_comes_back_from_every_usual_encoding(encoding: str):
    data = SPANISH.encode(encoding)

    assert data.decode(sniffed([data])).removeprefix("\ufeff") == SPANISH


def test_russian_comes_back_from_its_old_encoding():
    data = RUSSIAN.encode("cp1251")

    assert data.decode(sniffed([data])) == RUSSIAN


def test_the_first_accent_may_come_after_megabytes():
    blocks = [
        b"id,text\n",
        *[b"1,plain words\n" * 5000] * 20,
        "2,Olé, señor, qué café\n".encode("cp1252") * 5,
    ]

    assert sniffed(blocks) == "cp1252"


def test_a_few_broken_bytes_do_not_make_it_another_encoding():
    data = SPANISH.encode() + b"41,caf\xe9\n"

    assert sniffed([data]) == "utf-8"


def test_a_replacement_character_that_is_in_the_file_is_valid_utf_8():
    assert sniffed(["id,text\n1,caf\ufffd\n".encode()]) == "utf-8"


def test_an_unknown_encoding_is_refused():
    for name in ("utf-99", "rot13", "base64"):
        with pytest.raises(BadSettings, match=f"encoding '{name}' is unknown"):
            named(name)


@given(st.text())
def test_stored_text_has_no_nul_and_can_be_encoded(text: str):
    assert "\x00" not in storable(text)
    storable(text).encode("utf-8")


def test_half_surrogate_pairs_are_joined_or_replaced():
    assert storable("\ud83d\ude00 ok") == "😀 ok"
    assert storable("a\ud800b\x00c") == "a\ufffdb\ufffdc"
    assert storable("mañana") == "mañana"
