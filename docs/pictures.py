"""Take the pictures of the documentation from the running sample company.

    python docs/pictures.py [--config .demo/bridge.toml] [--out docs/pictures] [--every]

Needs Chromium on the machine (Debian: apt-get install chromium). The demo must have run: make run SERVE=0.
With --every, all pages, light and dark, as wide as a desk and as narrow as a phone, to be looked at.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Literal

SHOTS = {"today": "/", "topics": "/topics", "topic": "/topics/T-5", "review": "/review"}
EVERY = {
    **SHOTS,
    "growing": "/review?view=growing",
    "duplicates": "/review?view=duplicates",
    "decided": "/review?view=done",
    "evidence": "/topics/T-5/evidence",
    "edit": "/topics/T-5/ticket",
    "split": "/topics/T-5/split",
    "merge": "/merge?ids=T-6,T-5",
    "items": "/items?q=bag",
    "unassigned": "/unassigned",
    "changes": "/changes",
    "log": "/changes/log",
    "trends": "/trends",
    "map": "/map",
    "rules": "/rules/simulate?days=90",
    "quality": "/quality",
    "digest": "/digest",
    "views": "/views",
    "find": "/find?q=bag",
    "backlog": "/backlog",
    "sources": "/sources",
    "runs": "/runs",
    "run": "/runs/1",
    "accounts": "/accounts",
    "account": "/account",
    "settings": "/settings",
    "keys": "/help/keys",
}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIZES = {"desk": (1280, 900), "phone": (360, 780)}
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars"
).split()


def main() -> int:
    """Serve the page and take a picture of each address."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path(".demo/bridge.toml"))
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    parser.add_argument("--every", action="store_true", help="all pages, in both themes and two widths")
    wanted = parser.parse_args()
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        print("Chromium isn't installed: apt-get install chromium", file=sys.stderr)
        return 2
    wanted.out.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "bridge", "--config", str(wanted.config), "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            base = _address(server)
            if wanted.every:
                take_every(browser, base, wanted.out)
            for name, path in () if wanted.every else SHOTS.items():
                take(browser, base + path, wanted.out / f"{name}.png")
        finally:
            server.terminate()
    return 0


def _address(server: subprocess.Popen[str]) -> str:
    for line in server.stderr or ():
        if found := re.search(r"http://[^/]+", line):
            return found[0]
    raise SystemExit("the page did not start")


def take_every(browser: str, base: str, out: Path) -> None:
    """Take pictures of all pages, in both themes and widths."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        for size, (width, height) in SIZES.items():
            for theme in THEMES:
                page = chromium.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
                for name, path in EVERY.items():
                    page.goto(base + path)
                    page.screenshot(path=out / f"{name}-{size}-{theme}.png")
                print(f"{len(EVERY)} pages, {size}, {theme}")
        chromium.close()


def take(browser: str, address: str, out: Path, *, width: int = 1200, height: int = 900) -> None:
    """Take a picture of an address."""
    with tempfile.TemporaryDirectory() as profile:
        place = [f"--window-size={width},{height}", f"--user-data-dir={profile}"]
        arguments = [browser, *QUIET, *place, f"--screenshot={out}", address]
        subprocess.run(arguments, check=True, capture_output=True, timeout=60)
    print(out)


if __name__ == "__main__":
    sys.exit(main())
