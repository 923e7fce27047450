# SPDX-License-Identifier: GPL-2.0-only
"""What a change touches: whether the guests have to show more, and what to analyze closely.

The change is what differs from the merge base with the branch that this one follows, uncommitted
files included. Where no such branch is known, or this is it, it is the last commit. A clone without
history knows nothing: None.
"""

import subprocess

# These move packets.
DATA_PATH = ("bpf/", "user/datapath/", "user/pair/", "include/")
UPSTREAM = ("@{upstream}", "origin/HEAD", "origin/main", "main")


def _git(root, *words):
    try:
        done = subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", str(root), *words], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def base(root):
    """The commit that the change begins behind, or None."""
    head = _git(root, "rev-parse", "HEAD")
    for branch in UPSTREAM:
        merged = _git(root, "merge-base", "HEAD", branch)
        if merged and merged != head:
            return merged
    return _git(root, "rev-parse", "HEAD~1")


def changed(root):
    """The paths of the change, or None."""
    since = base(root)
    if not since:
        return None
    tracked, new = _git(root, "diff", "--name-only", since), _git(
        root, "ls-files", "--others", "--exclude-standard"
    )
    if tracked is None:
        return None
    return sorted({*tracked.splitlines(), *(new or "").splitlines()})


def moves_packets(paths):
    """Those of the paths that are about the data path. A test beside them is not."""
    return [path for path in paths or () if path.startswith(DATA_PATH) and not path.endswith(".md")]


def commit(root):
    """The commit's hash, which parts of long series are chosen by; "" without one."""
    return _git(root, "rev-parse", "HEAD") or ""
