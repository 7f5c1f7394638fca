"""Text in both formats: Atlassian documents on Cloud's v3, wiki strings elsewhere."""

from __future__ import annotations

import json
from typing import Any

LIMIT = 32_767
BLOCKS = {"doc", "listItem", "blockquote", "panel", "tableCell", "tableHeader", "expand", "nestedExpand"}
LISTS = {"bulletList": "listItem", "orderedList": "listItem", "taskList": "taskItem"}
TABLES = {"table": "tableRow", "tableRow": "tableCell tableHeader"}
INLINE = {"paragraph", "heading", "taskItem", "codeBlock"}
LEAVES = {"rule", "hardBreak", "text", "emoji", "date", "status"}
NODES = BLOCKS | set(LISTS) | set(TABLES) | INLINE | LEAVES
MARKS = {"link", "strong", "em", "code", "strike", "underline", "subsup", "textColor"}


def problem(document: Any) -> str | None:
    """Return what is wrong with an ADF document by the twin's own small list; None when fine."""
    if not isinstance(document, dict) or document.get("type") != "doc" or document.get("version") != 1:
        return "not a document of version 1"
    if not isinstance(document.get("content"), list):
        return "a document without content"
    return _node_problem(document)


def _node_problem(node: Any) -> str | None:
    kind = node.get("type") if isinstance(node, dict) else None
    if kind not in NODES:
        return f"the node {kind!r} is not known"
    if kind == "text":
        return _text_problem(node)
    children = node.get("content", [])
    allowed = (LISTS | TABLES).get(kind)
    for child in children:
        if allowed and (not isinstance(child, dict) or child.get("type") not in {*allowed.split(), kind}):
            return f"a {kind} can't hold {child!r:.60}"
        if found := _node_problem(child):
            return found
    return None


def _text_problem(node: dict[str, Any]) -> str | None:
    if not isinstance(node.get("text"), str) or not node["text"]:
        return "an empty text node"
    marks = [mark.get("type") if isinstance(mark, dict) else mark for mark in node.get("marks", [])]
    strange = [mark for mark in marks if mark not in MARKS]
    return f"the mark {strange[0]!r} is not known" if strange else None


def plain(value: Any) -> str:
    """Return the text of a document, block by block; of a string, itself."""
    if value is None or isinstance(value, str):
        return value or ""
    if value.get("type") == "text":
        return str(value.get("text", ""))
    if value.get("type") == "hardBreak":
        return "\n"
    if value.get("type") == "mention":
        return str(value.get("attrs", {}).get("text", ""))
    parts = [plain(child) for child in value.get("content", [])]
    return "".join(parts) if value.get("type") in INLINE else "\n".join(parts)


def from_text(text: str) -> dict[str, Any]:
    """Return plain text as a document: a paragraph a line."""
    lines = [[{"type": "text", "text": line}] if line else [] for line in text.split("\n")]
    return {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": line} for line in lines],
    }


def length(value: Any) -> int:
    """Return what the limit counts: characters, of a document those of its JSON (the strictest reading)."""
    if isinstance(value, str):
        return len(value)
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
