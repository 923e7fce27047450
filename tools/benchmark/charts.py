# SPDX-License-Identifier: GPL-2.0-only
"""What the charts have in common: the column's width, the title and the legend."""

from tools.benchmark.names import name_of
from tools.benchmark.svg import SOFT

WIDTH = 860
LEFT, RIGHT = 66, 14
LETTER = 6.6  # the mean width of a letter at size 12


def heading(drawing, title, under):
    drawing.text(LEFT, 24, title, 16, bold=True)
    drawing.text(LEFT, 43, under, 12, SOFT)


def legend(drawing, contenders, y, notes=()):
    """A coloured box and a label for each, and what else is to be explained."""
    x = LEFT
    for contender in contenders:
        name = name_of(contender)
        drawing.box(x, y - 9, 11, 11, name.colour)
        drawing.text(x + 16, y, name.label)
        x += 34 + len(name.label) * LETTER
    for note in notes:
        drawing.text(x, y, note, colour=SOFT)
        x += 18 + len(note) * LETTER
