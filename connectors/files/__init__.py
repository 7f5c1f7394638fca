"""Files: the channel every other tool can export to."""

from __future__ import annotations

from connectors.files.columns import KEYS, Columns, guess_columns
from connectors.files.presets import PRESETS
from connectors.files.source import Files

__all__ = ["KEYS", "PRESETS", "Columns", "Files", "guess_columns"]
