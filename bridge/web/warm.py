"""What a server does before its first page, so that no page waits for what is done but once."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Final

from fastapi import FastAPI

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


def warm(site: FastAPI) -> None:
    """Make a site ready, and spare what is there by now the search for waste.

    That search goes through all that lives, most of it modules: about 0.1 s, in the middle of some page.
    """
    for name in LATE:
        import_module(name)
    site.state.renderer.warm()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)
