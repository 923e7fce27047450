# SPDX-License-Identifier: GPL-2.0-only
"""The results: one JSON with every figure's raw values, written after each measurement, so that an
interrupted run loses nothing.

A figure is one (section, contender, metric, kernel); it has as many values as there were runs, and
for each the command line, QEMU, date and whatever else its context says. README.md lists the
metrics that the report knows.
"""

import json
import os
from datetime import datetime, timezone
from pathlib import Path

FORMAT = 1


class ResultsError(Exception):
    pass


class Figure:
    """All measurements of one thing."""

    def __init__(self, section, contender, metric, kernel, unit, values=(), measured=()):
        self.section, self.contender, self.metric, self.kernel, self.unit = (
            section,
            contender,
            metric,
            kernel,
            unit,
        )
        self.values, self.measured = list(values), [dict(one) for one in measured]

    @property
    def key(self):
        return self.section, self.contender, self.metric, self.kernel

    def as_dict(self):
        return {
            "section": self.section,
            "contender": self.contender,
            "metric": self.metric,
            "kernel": self.kernel,
            "unit": self.unit,
            "runs": len(self.values),
            "values": self.values,
            "measured": self.measured,
        }


class Results:
    """context: what is noted with every value (command, qemu, ...); each add() brings its own on
    top of it, and the date.
    """

    def __init__(self, path, **context):
        self.path, self.context = Path(path), context
        self._figures = {}

    @classmethod
    def load(cls, path, **context):
        """What the file holds; a file that is not there holds nothing."""
        results = cls(path, **context)
        try:
            content = json.loads(results.path.read_text())
        except FileNotFoundError:
            return results
        except (OSError, ValueError) as error:
            raise ResultsError(f"{path}: {error}") from error
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise ResultsError(f"{path}: not of format {FORMAT}: move it away")
        for one in content["figures"]:
            one = {key: value for key, value in one.items() if key != "runs"}
            figure = Figure(**one)
            results._figures[figure.key] = figure
        return results

    def save(self):
        """Replaces the file at once: who reads meanwhile sees the old or the new."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        figures = ",\n".join(json.dumps(figure.as_dict()) for figure in self._figures.values())
        made = self.path.with_name(self.path.name + ".new")
        made.write_text(f'{{"format": {FORMAT}, "figures": [\n{figures}\n]}}\n')
        os.replace(made, self.path)

    def add(self, section, contender, metric, kernel, value, unit, context=None):
        """One value of one run. value: a number, a list (a series), or None (could not be measured;
        the context says why).
        """
        figure = self._figures.setdefault(
            (section, contender, metric, kernel), Figure(section, contender, metric, kernel, unit)
        )
        if figure.unit != unit:
            raise ResultsError(
                f"{section}, {contender}, {metric}: in {unit}, and before in {figure.unit}"
            )
        figure.values.append(value)
        date = datetime.now(timezone.utc).isoformat(timespec="seconds")
        figure.measured.append({**self.context, "date": date, **(context or {})})

    def discard(self, unwanted):
        """Takes away the figures for which unwanted(figure) is true; how many they were."""
        gone = [key for key, figure in self._figures.items() if unwanted(figure)]
        for key in gone:
            del self._figures[key]
        return len(gone)

    def discard_measured(self, section, contenders, kernels):
        """Before these are measured again."""
        return self.discard(
            lambda figure: figure.section == section
            and figure.contender in contenders
            and figure.kernel in kernels
        )

    def figures(self, section=None, contender=None, metric=None, kernel=None):
        """The figures that match what is given, in the order in which they came."""
        wanted = (section, contender, metric, kernel)
        return [
            figure
            for figure in self._figures.values()
            if all(want in (None, have) for want, have in zip(wanted, figure.key))
        ]

    def figure(self, section, contender, metric, kernel):
        """One figure, or None."""
        return self._figures.get((section, contender, metric, kernel))

    def distinct(self, attribute, section=None):
        """The contenders, metrics or kernels there are, each once."""
        return list(dict.fromkeys(getattr(figure, attribute) for figure in self.figures(section)))
