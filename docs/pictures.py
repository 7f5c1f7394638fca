"""Take the pictures of the documentation from the running sample company.

    python docs/pictures.py [--config .demo/bridge.toml] [--out docs/pictures]

Needs Chromium on the machine (Debian: apt-get install chromium). The demo must have run: make run SERVE=0.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SHOTS = {"today": "/", "topics": "/topics", "topic": "/topics/T-5", "review": "/review"}
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars"
).split()


def main() -> int:
    """Serve the page and take a picture of each address."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path(".demo/bridge.toml"))
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
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
            for name, path in SHOTS.items():
                take(browser, base + path, wanted.out / f"{name}.png")
        finally:
            server.terminate()
    return 0


def _address(server: subprocess.Popen[str]) -> str:
    for line in server.stderr or ():
        if found := re.search(r"http://[^/]+", line):
            return found[0]
    raise SystemExit("the page did not start")


def take(browser: str, address: str, out: Path, *, width: int = 1200, height: int = 900) -> None:
    """Take a picture of an address."""
    with tempfile.TemporaryDirectory() as profile:
        place = [f"--window-size={width},{height}", f"--user-data-dir={profile}"]
        arguments = [browser, *QUIET, *place, f"--screenshot={out}", address]
        subprocess.run(arguments, check=True, capture_output=True, timeout=60)
    print(out)


if __name__ == "__main__":
    sys.exit(main())
