"""Small pictures of numbers per week, as SVG that needs no script and no style attribute."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from markupsafe import Markup

_WIDTH, _HEIGHT, _EDGE = 104, 24, 3
_BAR, _GAP, _TALL = 12, 4, 96


def described(per_week: Sequence[int]) -> str:
    """Say in words what a picture shows: "26 weeks: max 9, this week 9"."""
    if not per_week:
        return "no weeks"
    weeks = "1 week" if len(per_week) == 1 else f"{len(per_week)} weeks"
    return f"{weeks}: max {max(per_week)}, this week {per_week[-1]}"


def sparkline(per_week: Sequence[int]) -> Markup:
    """Draw the numbers, oldest first, as a line with a point on the last week; the greatest is at the top."""
    top = max(max(per_week, default=0), 1)
    step = (_WIDTH - 2 * _EDGE) / max(len(per_week) - 1, 1)
    points = [
        (_EDGE + place * step, _HEIGHT - _EDGE - (_HEIGHT - 2 * _EDGE) * number / top)
        for place, number in enumerate(per_week)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    last = points[-1] if points else (_EDGE, _HEIGHT - _EDGE)
    return Markup(
        '<svg class="spark" role="img" aria-label="{label}" width="{width}" height="{height}" '
        'viewBox="0 0 {width} {height}"><polyline points="{line}" fill="none" stroke="currentColor" '
        'stroke-width="1.5" stroke-linejoin="round"/>'
        '<circle cx="{x}" cy="{y}" r="2.5" fill="currentColor"/></svg>'
    ).format(
        label=described(per_week),
        width=_WIDTH,
        height=_HEIGHT,
        line=line,
        x=f"{last[0]:.1f}",
        y=f"{last[1]:.1f}",
    )


def bars(
    per_week: Sequence[int],
    *,
    bursts: Collection[int] = (),
    gaps: Collection[int] = (),
    label: str = "",
) -> Markup:
    """Draw the numbers, oldest first, as bars; a week with anything at all is seen.

    `bursts` and `gaps` are places of weeks to be marked; `label` says all that in words.
    """
    top = max(max(per_week, default=0), 1)
    width = max(len(per_week) * (_BAR + _GAP) - _GAP, 1)
    behind = Markup("").join(_column(place, _TALL, "gap") for place in sorted(gaps))
    drawn = Markup("").join(
        _column(place, height, "burst" if place in bursts else "")
        for place, number in enumerate(per_week)
        if (height := max(round(_TALL * number / top), 3 if number else 0))
    )
    return Markup(
        '<svg class="bars" role="img" aria-label="{label}" viewBox="0 0 {width} {tall}" '
        'preserveAspectRatio="none">{behind}<g fill="currentColor">{drawn}</g>'
        '<line x1="0" y1="{tall}" x2="{width}" y2="{tall}" stroke="currentColor"/></svg>'
    ).format(label=label or described(per_week), width=width, tall=_TALL, behind=behind, drawn=drawn)


def _column(place: int, height: int, name: str) -> Markup:
    named = Markup(' class="{}"').format(name) if name else ""
    return Markup('<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="1"{named}/>').format(
        x=place * (_BAR + _GAP), y=_TALL - height, w=_BAR, h=height, named=named
    )
