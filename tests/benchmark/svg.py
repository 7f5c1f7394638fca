"""Small drawings: marks on a white ground, written as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

INK, FAINT, GRID = "#1f2933", "#6b7785", "#e3e7ec"
FONT = "font-family='system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif'"


class Drawing:
    """A drawing of a fixed size. Places are in pixels from the top left."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self.width, self.height = width, height
        size = f"viewBox='0 0 {width} {height}' width='{width}' height='{height}'"
        self._parts = [
            f"<svg xmlns='http://www.w3.org/2000/svg' {size} role='img' {FONT}>",
            f"<title>{escape(title)}</title>",
            f"<rect width='{width}' height='{height}' fill='#ffffff'/>",
        ]

    def circle(self, x: float, y: float, radius: float, colour: str, *, opacity: float = 1.0) -> None:
        """Draw a disc."""
        self._parts.append(
            f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{radius:.1f}' fill='{colour}' fill-opacity='{opacity}' "
            "stroke='#ffffff' stroke-width='1'/>"
        )

    def bar(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Draw a filled rectangle."""
        self._parts.append(
            f"<rect x='{x:.1f}' y='{y:.1f}' width='{width:.1f}' height='{height:.1f}' fill='{colour}'/>"
        )

    def line(
        self, points: Sequence[tuple[float, float]], colour: str, *, width: float = 1, dash: str = ""
    ) -> None:
        """Draw a line through points."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashes = f" stroke-dasharray='{dash}'" if dash else ""
        self._parts.append(
            f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='{width}'{dashes}/>"
        )

    def text(
        self, x: float, y: float, words: str, *, size: int = 12, colour: str = INK, anchor: str = "start"
    ) -> None:
        """Write words; `anchor` is start, middle or end."""
        self._parts.append(
            f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' fill='{colour}' text-anchor='{anchor}'>"
            f"{escape(words)}</text>"
        )

    def save(self, path: Path) -> None:
        """Write the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([*self._parts, "</svg>"]) + "\n", encoding="utf-8")
