"""A ticket as it would be written now, in any format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge import drafting
from bridge.errors import InputError
from bridge.pipeline.deciding import ticket_place
from bridge.render.adf import Adf
from bridge.render.markdown import Markdown
from bridge.render.wiki import Wiki
from bridge.report import neighbours, topic_reports

if TYPE_CHECKING:
    from bridge.pipeline.context import Context
    from bridge.render.format import Format

FORMATS: dict[str, type[Format]] = {"adf": Adf, "wiki": Wiki, "markdown": Markdown}


def preview(context: Context, number: int, layout: str | None = None) -> Any:
    """Return a topic's description in a format: text, or the tree of ADF. Raises `InputError`."""
    if layout is not None and layout not in FORMATS:
        raise InputError(f"--as: {layout!r} is none of {', '.join(FORMATS)}")
    fmt = FORMATS[layout]() if layout else context.tracker().format
    place = ticket_place(context, number)
    with context.database.reading() as session:
        reports = topic_reports(session, context.now, hidden=True)
        report = next((report for report in reports if report.topic.number == number), None)
        if report is None:
            raise InputError(f"nobody has spoken of T-{number}; see: feedback-bridge topics list")
        material = drafting.gather(session, context.now, [number], reports)
        text = drafting.text_of(report, material, context.settings, neighbours(session, number, 3))
    return fmt.wrap(drafting.document_of(text, context.settings, fmt, place["project"]))
