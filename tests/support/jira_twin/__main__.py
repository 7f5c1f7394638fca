"""The twin as a process: `python -m jira_twin --flavour cloud --port 0 --seed 1`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from jira_twin import saved
from jira_twin.admin import Admin
from jira_twin.twin import Twin


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(prog="jira_twin", description=__doc__)
    parser.add_argument("--flavour", choices=["cloud", "dc"], default="cloud")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--index-lag", type=float, default=0.0, help="seconds until a search sees a write")
    parser.add_argument("--contracts", type=Path, help="folder with the published descriptions")
    parser.add_argument("--state", type=Path, help="file to go on from, and to leave the state in at the end")
    parser.add_argument("--rate-limits", action="store_true")
    parser.add_argument("--fake-clock", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Serve until SIGTERM or SIGINT; print one line of JSON first."""
    asked = arguments()
    twin = Twin(
        asked.flavour,
        asked.seed,
        asked.index_lag,
        asked.contracts,
        fake_clock=asked.fake_clock,
        rate_limits=asked.rate_limits,
        port=asked.port,
    )
    if asked.state and asked.state.exists():
        saved.load(twin.site, asked.state)
    over = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: over.set())
    admin = Admin(twin).server()
    threading.Thread(target=admin.serve_forever, daemon=True).start()
    with twin:
        told = {"url": twin.url, "admin": f"http://127.0.0.1:{admin.server_address[1]}", "user": twin.user}
        sys.stdout.write(json.dumps(told | {"token": twin.token, "gateway": twin.gateway_url}) + "\n")
        sys.stdout.flush()
        over.wait()
    admin.shutdown()
    admin.server_close()
    if asked.state:
        saved.save(twin.site, asked.state)


if __name__ == "__main__":
    main()
