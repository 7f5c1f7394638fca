"""What a server does before its first page and between pages, so that none waits for what all stand on."""

from __future__ import annotations

import gc
import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from bridge.errors import StoreError

if TYPE_CHECKING:
    from bridge.web.desk import Desk

LATE: Final = (
    "scipy.special",
    "scipy.spatial",
    "bridge.pipeline.deciding",
    "bridge.pipeline.context",
    "bridge.digest.contents",
)
"""Modules that pages import inside functions, for other commands to begin at once."""

SELDOM: Final = (10_000, 20, 20)
"""New things after which waste is looked for; a page makes thousands that are in no circle."""

EVERY_S: Final = 2.0
"""How often it is seen whether what pages stand on was written."""

WHILE_S: Final = 900.0
"""For so long after the last page; then nobody seems to be there."""


def warm(site: FastAPI) -> None:
    """Make a site ready, and spare what is there by now the search for waste.

    That search goes through all that lives, most of it modules: about 0.1 s, in the middle of some page.
    """
    for name in LATE:
        import_module(name)
    site.state.renderer.warm()
    _make_ready(site.state.desk)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)


class Keeper:
    """Reads anew, between pages, what all of them stand on, while somebody is there to look."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._over = threading.Event()

    def start(self) -> None:
        """Begin, in a thread of its own that ends with the process or by `stop`."""
        threading.Thread(target=self._keep, name="keeper", daemon=True).start()

    def stop(self) -> None:
        """End soon."""
        self._over.set()

    def _keep(self) -> None:
        while not self._over.wait(EVERY_S):
            self.look()

    def look(self) -> bool:
        """Make ready if somebody looked lately; say whether that was so."""
        looked = self._desk.looked
        if looked is None or time.monotonic() - looked > WHILE_S:
            return False
        _make_ready(self._desk)
        return True


def _make_ready(desk: Desk) -> None:
    try:
        desk.make_ready()
    except (StoreError, SQLAlchemyError):  # whatever it is, such as no connection left
        return  # the page that needs it says so
