"""The command that does the work of the schedule, on as many machines as wanted: worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Annotated

import typer

from bridge.cli.session import Session, session

_LIFELINE = "--lifeline"


def worker(
    ctx: typer.Context,
    queues: Annotated[
        str | None,
        typer.Option("--queues", metavar="NAMES", help="Queues to work on, with commas between; else all."),
    ] = None,
    concurrency: Annotated[
        int,
        typer.Option("--concurrency", min=1, max=256, metavar="N", help="Processes side by side."),
    ] = 1,
    lifeline: Annotated[int | None, typer.Option(_LIFELINE, hidden=True)] = None,
) -> None:
    """Do the steps that serve defers, until told to stop; as many machines may as you want (PostgreSQL)."""
    from bridge.app import notify_socket, now
    from bridge.work.worker import Worker, chosen_queues

    here, names = session(ctx), chosen_queues(queues)
    if concurrency == 1:
        one = Worker(here.app, now, names, notify_socket())
        if lifeline is not None:
            _end_with_parent(lifeline)
        one.run()
        return
    raise typer.Exit(_several(here, queues, concurrency))


def _several(here: Session, queues: str | None, count: int) -> int:
    """Let so many processes work, hand signals on to them, and end when one ends; return the exit code.

    They hold the other end of a pipe, so that they end too when this process is killed.
    """
    reading, writing = os.pipe()
    words = [sys.executable, "-m", "bridge"]
    words += ["--config", str(here.config_path)] if here.config_path else []
    words += ["worker", _LIFELINE, str(reading), *(["--queues", queues] if queues else [])]
    workers = [
        subprocess.Popen(words, pass_fds=[reading])  # noqa: S603 - this very program
        for _ in range(count)
    ]

    asked: list[int] = []

    def hand_on(number: int, _frame: object) -> None:
        asked.append(number)
        for one in workers:
            one.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, hand_on)
    os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)  # one has ended: by itself, or as asked
    if not asked:  # a second signal would end them at once
        hand_on(signal.SIGTERM, None)
    codes = [one.wait() for one in workers]
    os.close(writing)
    return max((abs(code) for code in codes), default=0)


def _end_with_parent(lifeline: int) -> None:
    """Ask ourselves to end when the other end of the pipe is gone."""
    import threading

    def watch() -> None:
        os.read(lifeline, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
