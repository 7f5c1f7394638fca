"""Write the page that shows a ticket as it goes out, with a picture of it.

    python docs/ticket.py [--config .demo/bridge.toml] [--topic T-6] [--no-picture]

The ticket is one of the sample company's, as `feedback-bridge tickets preview` gives it; the picture is made
from the same tree of the Atlassian Document Format that Jira Cloud gets. Needs Chromium for the picture.
"""

from __future__ import annotations

import argparse
import html
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pictures

HERE = Path(__file__).parent
TAGS = {
    "paragraph": "p",
    "blockquote": "blockquote",
    "bulletList": "ul",
    "orderedList": "ol",
    "listItem": "li",
}
MARKS = {"strong": "strong", "em": "em"}
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #172b4d; margin: 2rem auto }
body { max-width: 46rem; padding: 0 1rem }
.key { color: #44546f; font-size: 13px } h1 { font-size: 24px; margin: .2rem 0 1.2rem } h2 { font-size: 18px }
.field { background: #f1f2f4; border-radius: 4px; padding: .1rem .5rem; font-size: 13px }
blockquote { border-left: 3px solid #c1c7d0; margin: .6rem 0; padding: .1rem 1rem; color: #2c3e5d }
a { color: #0b5cd7 }
"""


def main() -> int:
    """Write docs/ticket.md and docs/pictures/ticket.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path(".demo/bridge.toml"))
    parser.add_argument("--topic", default="T-6")
    parser.add_argument("--no-picture", action="store_true")
    wanted = parser.parse_args()
    tree = json.loads(_preview(wanted.config, wanted.topic, "adf"))
    wiki = _preview(wanted.config, wanted.topic, "wiki").rstrip()
    title = _title(wanted.config, wanted.topic)
    (HERE / "ticket.md").write_text(_page(wanted.topic, title, wiki, tree), encoding="utf-8")
    return 0 if wanted.no_picture else _picture(title, tree)


def _preview(config: Path, topic: str, layout: str) -> str:
    return _tell(config, "tickets", "preview", topic, "--as", layout)


def _title(config: Path, topic: str) -> str:
    found: str = json.loads(_tell(config, "topics", "show", topic, "--json"))["title"]
    return found


def _tell(config: Path, *words: str) -> str:
    command = [sys.executable, "-m", "bridge", "--config", str(config), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _page(topic: str, title: str, wiki: str, tree: dict[str, Any]) -> str:
    start = {**tree, "content": tree["content"][:3]}
    return f"""# A ticket, as it goes out

Written by `python docs/ticket.py` from the [sample company]({"../README.md"}); {topic} is “{title}”.
The picture is made from the tree that Jira Cloud gets.

![The ticket in the browser](pictures/ticket.png)

## On Data Center: wiki markup

```text
{wiki}
```

## On Cloud: the start of the tree

```json
{json.dumps(start, ensure_ascii=False, indent=2)}
```

The summary is the title.
Beside the description go labels, the figures that have a field, and a link for each quoted item.
What all of it means is told in [Jira](jira.md#what-a-ticket-says).
"""


def _picture(title: str, tree: dict[str, Any]) -> int:
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        print("Chromium isn't installed: apt-get install chromium", file=sys.stderr)
        return 2
    body = "".join(_html(node) for node in tree["content"])
    page = (
        f"<!doctype html><meta charset=utf-8><title>{html.escape(title)}</title><style>{STYLE}</style>"
        f"<p class=key>WEB-1</p><h1>{html.escape(title)}</h1><p><span class=field>Bug</span></p>{body}"
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ticket.html"
        file.write_text(page, encoding="utf-8")
        pictures.take(browser, file.as_uri(), HERE / "pictures" / "ticket.png", height=1500)
    return 0


def _html(node: dict[str, Any]) -> str:
    if node["type"] == "text":
        return _text(node)
    if node["type"] == "hardBreak":
        return "<br>"
    if node["type"] == "rule":
        return "<hr>"
    inner = "".join(_html(part) for part in node.get("content", ()))
    tag = f"h{node['attrs']['level']}" if node["type"] == "heading" else TAGS[node["type"]]
    return f"<{tag}>{inner}</{tag}>"


def _text(node: dict[str, Any]) -> str:
    text = html.escape(node["text"])
    for mark in node.get("marks", ()):
        if mark["type"] == "link":
            text = f'<a href="{html.escape(mark["attrs"]["href"])}">{text}</a>'
        else:
            text = f"<{MARKS[mark['type']]}>{text}</{MARKS[mark['type']]}>"
    return text


if __name__ == "__main__":
    sys.exit(main())
