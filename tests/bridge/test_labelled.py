from __future__ import annotations

from pathlib import Path

import pytest

from bridge.errors import InputError
from bridge.labelled import Columns, Labelled, read_labelled

ROWS = """\
nr,said,topic,out
a,My bag is lost,bag,0
b,,bag,0
c,The app froze again,app,0
d,Sing me a song,none,1
"""


def read(root: Path, content: str = ROWS, **columns: object) -> Labelled:
    file = root / "file.csv"
    file.write_text(content, encoding="utf-8")
    return read_labelled(file, Columns(**{"text": "said", "label": "topic", **columns}))  # type: ignore[arg-type]


def test_items_have_their_labels_and_know_their_rows(tmp_path: Path):
    found = read(tmp_path, id="nr")

    assert found.labels == {"a": "bag", "c": "app", "d": "none"}
    assert [message.text for message in found.messages] == [
        "My bag is lost",
        "The app froze again",
        "Sing me a song",
    ]
    assert found.places == (0, 2, 3)
    assert found.rows == 4


def test_without_an_id_items_are_named_by_their_rows(tmp_path: Path):
    assert read(tmp_path).labels == {"1": "bag", "3": "app", "4": "none"}


@pytest.mark.parametrize("how", [{"drop": frozenset(["none"])}, {"drop_column": "out"}])
def test_what_is_dropped_is_played_and_not_scored(tmp_path: Path, how: dict[str, object]):
    found = read(tmp_path, id="nr", **how)

    assert found.labels == {"a": "bag", "c": "app"}
    assert len(found.messages) == 3


def test_a_label_does_not_reach_the_pipeline(tmp_path: Path):
    assert {(message.thread, message.parent) for message in read(tmp_path, drop_column="out").messages} == {
        (None, None)
    }


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"label": "topik"}, "--label names 'topik', but there is no such column. Did you mean 'topic'?"),
        ({"text": "body"}, "--text names 'body'"),
        ({"drop_column": "oos"}, "--drop-col names 'oos'"),
        ({"id": "topic"}, "--id: 'bag' comes twice|--id"),
        ({"drop": frozenset(["nonsense"])}, "--drop: no row of 'topic' has the label 'nonsense'"),
        ({"drop": frozenset(["none", "app"])}, "'topic' has one label only, 'bag'"),
        ({"drop": frozenset(["none", "app", "bag"])}, "'topic' has no label"),
    ],
)
def test_what_was_named_wrongly_is_said(tmp_path: Path, columns: dict[str, object], says: str):
    with pytest.raises(InputError, match=says.replace("?", r"\?").replace("(", r"\(")):
        read(tmp_path, ROWS + "e,Lost my bag too,bag,0\n", **columns)


def test_an_empty_label_is_told_with_its_row_unless_it_is_dropped(tmp_path: Path):
    with_hole = ROWS + "e,Who knows what this is,,0\n"

    with pytest.raises(InputError, match="'topic' is empty in row 5"):
        read(tmp_path, with_hole)

    found = read(tmp_path, with_hole, drop=frozenset([""]))
    assert len(found.messages) == 4
    assert len(found.labels) == 3
