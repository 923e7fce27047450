# SPDX-License-Identifier: GPL-2.0-only
"""What earlier runs in this build directory have shown: how long programs take, which cases passed
only when nothing ran beside them."""

import json
import os
import time
from pathlib import Path

UNSTEADY_MAX = 3  # so many times make a race of it, until shown otherwise
UNSTEADY_DAYS = 30


class History:
    """A JSON file; one that is missing or damaged is an empty history."""

    def __init__(self, path):
        self.path = Path(path)
        try:
            kept = json.loads(self.path.read_text())
            self.seconds, self.unsteady = dict(kept["seconds"]), dict(kept["unsteady"])
        except (OSError, ValueError, KeyError, TypeError):
            self.seconds, self.unsteady = {}, {}

    def save(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        made = self.path.with_suffix(f".{os.getpid()}")
        made.write_text(
            json.dumps({"seconds": self.seconds, "unsteady": self.unsteady}, indent=1) + "\n"
        )
        made.rename(self.path)

    def note(self, program, wall_s):
        """A program has taken so long: kept for each of its cases, since a run may take some."""
        each = wall_s / max(1, len(program.cases))
        before = self.seconds.get(program.subject, each)
        self.seconds[program.subject] = round((before + each) / 2, 2)

    def expected(self, program):
        """Seconds, or None: not known."""
        each = self.seconds.get(program.subject)
        return None if each is None else each * max(1, len(program.cases))

    def note_unsteady(self, label, now=None):
        """A case has passed alone, after it failed beside others. How often that was so of late."""
        now = int(time.time() if now is None else now)
        late = [when for when in self.unsteady.get(label, ()) if when > now - UNSTEADY_DAYS * 86400]
        self.unsteady[label] = [*late, now]
        return len(self.unsteady[label])
