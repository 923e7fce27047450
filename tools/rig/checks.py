# SPDX-License-Identifier: GPL-2.0-only
"""What the cases of namespaces and guests say and claim."""


def note(text):
    print(f"# {text}", flush=True)


def check(truth, what):
    """@what: a text, or what makes one when it is needed; so below."""
    if not truth:
        raise AssertionError(what() if callable(what) else what)


def check_equal(got, expected, what):
    check(
        got == expected, lambda: f"{what() if callable(what) else what}: {got!r}, not {expected!r}"
    )
