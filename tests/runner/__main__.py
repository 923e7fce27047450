# SPDX-License-Identifier: GPL-2.0-only
import sys
from pathlib import Path

# The directory of this package is the first place that Python looks at for modules: its parent is
# the right one.
sys.path[0] = str(Path(__file__).resolve().parents[1])
sys.path.insert(1, str(Path(__file__).resolve().parents[2]))
from runner.main import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
