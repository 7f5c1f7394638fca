"""The command `feedback-bridge`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; foreseeable faults end in one message and a documented exit code."""
    from bridge.cli import app
    from bridge.cli.faults import ending

    with ending():
        app(prog_name="feedback-bridge")
    sys.exit(0)


if __name__ == "__main__":
    main()
