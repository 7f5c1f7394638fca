"""Labels: what a topic is called, its keywords and its title."""

from __future__ import annotations

from topics.keywords import Keyword, keywords
from topics.titles import Member, title

__all__ = ["Keyword", "Member", "keywords", "title"]
