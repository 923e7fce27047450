# SPDX-License-Identifier: GPL-2.0-only
"""The program tests/run. Start reading in main.py; each file is one concern of a run."""
