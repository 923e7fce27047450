#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
# level: normal
"""Static analysis: cppcheck of everything (10 s), clang-tidy (.clang-tidy) and gcc -fanalyzer of
the sources that changed (a second or two each); at night of all of them. TAP on stdout.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]
from runner import changes  # noqa: E402
from tools.rig.levels import reached  # noqa: E402

BUILD = os.environ.get("VFSTEER_BUILD", str(ROOT / "build"))
AT_ONCE = 2
PARTS = 8  # of all sources, when nothing is known of the change
# What cppcheck 2.10 cannot know. The macros of libbpf, as they are defined there.
MACROS = (
    "LIBBPF_OPTS(type,name,...)=struct type name = { __VA_ARGS__ }",
    "DECLARE_LIBBPF_OPTS(type,name,...)=struct type name = { __VA_ARGS__ }",
    "bpf_object__for_each_program(pos,obj)=for (pos = 0; (pos = bpf_object__next_program(obj, pos));)",
)
# selfAssignment: "error = f() ?: error", a GNU extension, is none. unknownEvaluationOrder: in
# "{ .number = ++number }" the first is a member's name.
SUPPRESSED = ("missingIncludeSystem", "selfAssignment", "unknownEvaluationOrder")
# Compared with the sources of the host's kernel headers only: none of ours.
OURS = re.compile(r"^(?:\S*/)?(?:user|include)/\S+\.[ch]:\d+", re.M)
count = failed = 0


def result(good, name, text):
    global count, failed
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {name}")
    if not good:
        failed += 1
        print("".join(f"# {line}\n" for line in text.splitlines()[:200]), end="", flush=True)


def said_by(*command):
    done = subprocess.run(
        command, cwd=ROOT, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.returncode, done.stdout


def flags():
    """Those that the Makefile compiles with."""
    _, said = said_by("make", "-n", "-B", "V=1", f"BUILD={BUILD}", "CC=cc", "all")
    line = next(
        line
        for line in said.splitlines()
        if re.search(r" -c user/\S+\.c ", line) and line.startswith("cc ")
    )
    return [word.replace("'", "") for word in line.split()[1:line.split().index("-MMD")]]


def sources():
    """(those to look at closely, how they were chosen)."""
    every = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "user").rglob("*.c"))
    if reached("nightly"):
        return every, "all"
    paths = changes.changed(ROOT)
    if paths is None:
        part = int(os.environ.get("VFSTEER_PART", "0")) % PARTS
        return every[part::PARTS], f"1 of {PARTS} parts, since no commit before this one is known"
    # A header is looked at by way of the source beside it.
    chosen = {path for path in every if path in paths or path[:-1] + "h" in paths}
    return sorted(chosen), "changed"


def check_each(name, command, chosen):
    """@command: called with a source. Findings in files that are not ours do not count. A tool that
    fails without a finding fails the case.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        said = list(pool.map(lambda source: said_by(*command(source)), chosen))
    bad = []
    for source, (status, text) in zip(chosen, said):
        findings = [line for line in text.splitlines() if re.search(r"(warning|error):", line)]
        if any(OURS.match(line) for line in findings):
            bad.append(text)
        elif status and not findings:
            bad.append(f"{source}: {name} ended with status {status}: {text.strip()}")
    result(not bad, name, "\n".join(bad))


def main():
    packages = subprocess.run(["tools/rig/packages.sh", "analysis"], cwd=ROOT, stdout=sys.stderr)
    if packages.returncode:
        print("cppcheck and clang-tidy cannot be installed")
        sys.exit(77)
    options, (chosen, how) = flags(), sources()
    status, text = said_by(
        "cppcheck", f"-j{AT_ONCE}", "-q", "--std=c11", "--error-exitcode=1", "--inline-suppr",
        "--enable=warning,performance,portability", *(f"--suppress={one}" for one in SUPPRESSED),
        "-D_GNU_SOURCE", "-D__BYTE_ORDER__=1234", *(f"-D{one}" for one in MACROS), "-Iinclude",
        "-Iuser", "user",
    )
    result(status == 0, "cppcheck", text)
    print(f"# looked at closely: {len(chosen)} sources ({how})", flush=True)
    check_each(
        "clang-tidy", lambda source: ("clang-tidy", "-quiet", source, "--", *options), chosen
    )
    # gcc 12 loses a pointer that an array takes at an index it does not know, and reports a leak.
    # Leaks are the sanitizers' matter (tests/sanitize).
    check_each(
        "gcc-fanalyzer",
        lambda source: (
            "gcc", *options, "-fanalyzer", "-Wno-analyzer-malloc-leak", "-c", source, "-o",
            "/dev/null",
        ),
        chosen,
    )
    print(f"1..{count}")
    sys.exit(failed > 0)


main()
