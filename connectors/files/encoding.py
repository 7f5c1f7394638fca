"""Which encoding a file's bytes are in, told from all of them, and text that can be stored safely."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable

from connectors.errors import BadSettings

REPLACEMENT = "\ufffd"
SAMPLE = 64 * 1024

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WESTERN = ["cp1252", "cp1250", "cp1254"]
_FEW = 40
_LEGACY = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp932", "gb18030", "big5", "cp949",
    "koi8_r", "iso8859_2", "mac_roman",
]  # fmt: skip
_UNSAFE = re.compile("[\x00\ud800-\udfff]")


def named(encoding: str) -> str:
    """Return the encoding if Python knows it as one for text; raises `BadSettings` if not."""
    try:
        info = codecs.lookup(encoding)
        "a".encode(encoding)
    except (LookupError, ValueError) as error:
        raise BadSettings(
            f"encoding {encoding!r} is unknown; try utf-8, utf-16, cp1252 (western) or cp932 (Japanese),"
            " or leave it out to have it recognised"
        ) from error
    return info.name


def sniffed(blocks: Iterable[bytes]) -> str:
    """Return the encoding of the bytes; reads all of them, for the first accent may come late.

    A byte order mark decides; then NUL bytes at every other place (UTF-16); then UTF-8 if it is valid, or
    damaged only here and there; else the likeliest of the older encodings, told from the lines that have
    other than ASCII bytes.
    """
    scan = _Utf8Scan()
    start = b""
    for block in blocks:
        if not start:
            start = block
            marked = _marked(start)
            if marked:
                return marked
        scan.feed(block)
    return "utf-8" if scan.is_utf8() else _legacy(bytes(scan.sample))


def _marked(start: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    head = start[:SAMPLE]
    even, odd, half = head[0::2].count(0), head[1::2].count(0), max(1, len(head) // 2)
    if odd > half * 0.4 and even < half * 0.05:
        return "utf-16-le"
    if even > half * 0.4 and odd < half * 0.05:
        return "utf-16-be"
    return None


class _Utf8Scan:
    """Counts what is valid UTF-8 and what isn't, and keeps some of the lines that tell."""

    def __init__(self) -> None:
        self._strict: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._bad = self._continuations = 0
        self.sample = bytearray()

    def feed(self, block: bytes) -> None:
        if block.isascii() and self._strict is None:
            return
        try:
            if self._strict:
                self._strict.decode(block)
        except UnicodeDecodeError:
            self._strict = None
        text = self._decoder.decode(block)
        self._bad += text.count(REPLACEMENT)
        self._continuations += max(0, len(block) - len(text))
        if len(self.sample) < SAMPLE:
            telling = (line for line in block.splitlines(keepends=True) if not line.isascii())
            self.sample += b"".join(line[:4000] for line in telling)[:SAMPLE]

    def is_utf8(self) -> bool:
        return self._strict is not None or self._continuations > 10 * self._bad


def _legacy(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    runs = re.findall(rb"[\x80-\xff]+", sample)
    is_latin = sum(len(run) == 1 for run in runs) > 0.7 * len(runs)  # other alphabets come in whole words
    if is_latin and len(runs) < _FEW:
        return "cp1252"
    best = from_bytes(sample, cp_isolation=_WESTERN if is_latin else _LEGACY).best()
    return best.encoding if best else "cp1252"


def storable(text: str) -> str:
    """Return the text with NUL characters and lone surrogates, which no database takes, as U+FFFD."""
    if _UNSAFE.search(text) is None:
        return text
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return joined.replace("\x00", REPLACEMENT)
