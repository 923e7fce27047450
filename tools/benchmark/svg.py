# SPDX-License-Identifier: GPL-2.0-only
"""A small SVG writer: text, lines, boxes and curves on a light ground, and the two scales the
charts need.
"""

import math
from xml.sax.saxutils import escape, quoteattr

# Fonts that a browser has, and behind them one that a converter on a bare system has.
FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
GROUND, INK, SOFT, GRID = "#ffffff", "#1f2328", "#59636e", "#e3e6ea"


def number(value):
    return f"{value:.1f}".rstrip("0").rstrip(".")


class Drawing:
    """width, height: in pixels of a document's column, which is about 860 wide. title: for who
    cannot see it.
    """

    def __init__(self, width, height, title):
        self._size, self._title, self._parts = (width, height), title, []

    def text(
        self, x, y, content, size=12, colour=INK, anchor="start", bold=False, turned=0, halo=False
    ):
        """halo: a rim in the colour of the ground, for text that lies on something."""
        turn = f' transform="rotate({turned} {number(x)} {number(y)})"' if turned else ""
        weight = ' font-weight="600"' if bold else ""
        rim = (
            f' stroke="{GROUND}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"'
            if halo
            else ""
        )
        self._parts.append(
            f'<text x="{number(x)}" y="{number(y)}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"{weight}{rim}{turn}>'
            f"{escape(content)}</text>"
        )

    def line(self, x1, y1, x2, y2, colour=GRID, width=1, dash=None):
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(
            f'<line x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}" stroke="{colour}" '
            f'stroke-width="{number(width)}"{dashes}/>'
        )

    def box(self, x, y, width, height, colour, opacity=1.0):
        faint = f' fill-opacity="{opacity}"' if opacity < 1 else ""
        self._parts.append(
            f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}" fill="{colour}"{faint}/>'
        )

    def curve(self, points, colour, width=1.5, ground=None):
        """A line through points; with ground, the area between it and that height is tinted."""
        if not points:
            return
        path = " ".join(f"{number(x)},{number(y)}" for x, y in points)
        if ground is not None:
            around = f"{number(points[0][0])},{number(ground)} {path} {number(points[-1][0])},{number(ground)}"
            self._parts.append(f'<polygon points="{around}" fill="{colour}" fill-opacity="0.18"/>')
        self._parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{number(width)}" stroke-linejoin="round"/>'
        )

    def write(self, path):
        width, height = self._size
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
            f'aria-label={quoteattr(self._title)} font-family="{FONT}">\n<title>{escape(self._title)}</title>\n'
            f'<rect width="{width}" height="{height}" fill="{GROUND}"/>\n'
            + "\n".join(self._parts) + "\n</svg>\n")


def linear(low, high, begin, end):
    """A function from [low, high] to [begin, end]."""
    return lambda value: begin + (value - low) / ((high - low) or 1) * (end - begin)


def logarithmic(high, begin, end):
    """As linear from 0, but logarithmic, so that 0 and 9,000 can both be read: 0 has its place,
    which a true logarithm has not.
    """
    def bent(value):
        return math.log10(1 + 3 * value)

    return lambda value: begin + bent(value) / (bent(high) or 1) * (end - begin)


def decades(high):
    """The ticks of a logarithmic scale: 0, 1, 10, ... up to high."""
    ticks = [0]
    while 10 ** (len(ticks) - 1) <= high:
        ticks.append(10 ** (len(ticks) - 1))
    return ticks


def steps(low, high, about=5):
    """Round ticks of a linear scale."""
    width = 10 ** math.floor(math.log10((high - low) / about or 1))
    width *= next((factor for factor in (1, 2, 5) if (high - low) / (width * factor) <= about), 10)
    first = math.ceil(low / width - 1e-9)
    return [
        round(number_of * width, 10)
        for number_of in range(first, math.floor(high / width + 1e-9) + 1)
    ]
