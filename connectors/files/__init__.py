"""Files: the channel every other tool can export to."""

from __future__ import annotations

from connectors.files.columns import Columns, guess_columns
from connectors.files.presets import PRESETS
from connectors.files.source import Files
from connectors.items import KEYS

__all__ = ["KEYS", "PRESETS", "Columns", "Files", "guess_columns"]
