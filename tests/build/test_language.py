#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The documents are written as CONTRIBUTING.md says: widths, short sentences, the words of the
field, spelling; what they name exists. TAP on stdout.

Folders and documents that are not rewritten yet are named in the lists below. They may only become
shorter: one that is in order already is a failure too.
"""

import io
import os
import re
import shutil
import subprocess
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import tables  # noqa: E402

VFSTEER = os.environ.get("VFSTEER", str(ROOT / "build" / "vfsteer"))
README_LINES, COLUMNS, WORDS = 120, 100, 25

# Folders or files whose comments have the words of the field.
REWORDED = {
    "bpf",
    "include",
    "user/agent",
    "user/announce",
    "user/base",
    "user/cli",
    "user/control",
    "user/datapath",
    "user/host",
    "user/maps",
    "user/netdev",
    "user/pair",
    "user/policy",
    "user/port",
    "user/report",
}

BANNED = [
    re.compile(rf"\b(?:{words})\b", re.I)
    for words in (
        "lives|living|lived|alive",
        "die|dies|died|dying|deaths?|dead",
        "wish|wishes|wished",
        "hears?|heard|hearing",
        "tells?|told|telling",
        "meets?|meeting|met",
        "parting",
        "heritage",
        r"(?:is|are|was) well(?: again)?",
        "look-alikes?",
        "good for all",
        "news",
        "whoever",
        "whom",
        "somebody|anybody|everybody|nobody",
        "anew",
        "meanwhile it",
        "by itself alone",
    )
]
# Words that codespell takes for mistakes.
SPELLED = ("nd", "fro", "whats", "inflight")


def files(*patterns):
    """Those that git knows, or would."""
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "--", *patterns],
        stdout=subprocess.PIPE, text=True, check=True,
    ).stdout.splitlines()
    return [name for name in sorted(set(listed)) if (ROOT / name).is_file()]


def read(name):
    return (ROOT / name).read_text()


def documents():
    return files("*.md")


def manuals():
    return files("user/man/*")


def prose(text):
    """[(number, paragraph)] without code, tables and targets of links; a span of code is one word.
    """
    fence, paragraph, start = False, [], 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        is_text = not fence and not line.startswith(("```", "|", "<!--", "    "))
        if line.startswith("```"):
            fence = not fence
        begins = re.match(r"\s*(?:[-*]|\d+\.) |#", line)
        if (not is_text or not line.strip() or begins) and paragraph:
            yield start, clean(" ".join(paragraph))
            paragraph = []
        if is_text and line.strip():
            start = start if paragraph else number
            paragraph.append(line.strip())


def clean(text):
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return re.sub(r"`[^`]*`", "CODE", text)


def prose_of_manual(text):
    """The same of a man page: paragraphs are between requests."""
    text = re.sub(r"^\.EX$.*?^\.EE$", ".PP", text, flags=re.M | re.S)
    paragraph, start, is_tag = [], 0, False
    for number, line in enumerate([*text.splitlines(), ".PP"], 1):
        if is_tag or re.match(r"\.(?:PP|TP|SH|TH|br|EX)\b", line):
            if paragraph:
                yield start, " ".join(paragraph)
            paragraph = []
            is_tag = line == ".TP"
        elif not line.startswith('.\\"'):
            start = start if paragraph else number
            paragraph.append(re.sub(r'^\.[A-Z]+ |\\f.|\\&|"', "", line).replace(r"\-", "-"))


def paragraphs(names=None):
    """(document, line, text) of these documents, or of all."""
    for name in names or [*documents(), *manuals()]:
        for number, text in (prose if name.endswith(".md") else prose_of_manual)(read(name)):
            yield name, number, text


def comments(text):
    """[(line, comment)] of C. Names of files are no words of it."""
    for found in re.finditer(r"/\*.*?\*/|//[^\n]*", text, re.S):
        yield text.count("\n", 0, found.start()) + 1, re.sub(r"\b[\w/]+\.[ch]\b", "", found[0])


def within(name, folders):
    return any(name == folder or name.startswith(folder + "/") for folder in folders)


# Each of the functions below yields a line for everything that is wrong.

def readme_is_short():
    count = len(read("README.md").splitlines())
    if count > README_LINES:
        yield f"README.md: {count} lines, more than {README_LINES}"


def documents_are_narrow(texts=None):
    for name, text in texts or [(name, read(name)) for name in documents()]:
        fence = False
        for number, line in enumerate(text.splitlines(), 1):
            fence ^= line.startswith("```")
            # A link or picture cannot be broken.
            if (
                not fence
                and len(line) > COLUMNS
                and not line.startswith("|")
                and not re.fullmatch(r"\s*(?:[-*] )?!?\[[^\]]*\]\S+", line)
            ):
                yield f"{name}:{number}: {len(line)} columns"


def whole_strings(text):
    """Lines of Python that are one string, or within one: a message is not broken, so that a search
    finds it. Not documentation.
    """
    found = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.STRING:
            continue
        (first, begin), (last, end) = token.start, token.end
        line = token.line.splitlines()[0]
        if first != last:
            is_documentation = not line[:begin].strip()
            found.update(() if is_documentation else range(first, last + 1))
        elif re.fullmatch(r"[\w.\s=(\[:]*", line[:begin]) and re.fullmatch(
            r"[\s,)\]:]*(?:% \w+|\.\w+\(.*)?", line[end:]
        ):
            found.add(first)
    return found


def wide_lines(name, text):
    lines = [(number, len(line.expandtabs(8))) for number, line in enumerate(text.splitlines(), 1)]
    wide = [(number, width) for number, width in lines if width > COLUMNS]
    whole = whole_strings(text) if wide and name.endswith(".py") else ()
    return [(number, width) for number, width in wide if number not in whole]


def code_is_narrow(texts=None):
    names = files(
        *(
            f"{folder}/*.{ending}"
            for folder in ("bpf", "include", "tests", "tools", "user")
            for ending in ("c", "h", "py", "sh")
        )
    )
    for name, text in texts or [(name, read(name)) for name in names]:
        for number, width in wide_lines(name, text):
            yield f"{name}:{number}: {width} columns"


def sentences_are_short(texts=None):
    for name, number, text in texts or paragraphs():
        for sentence in re.split(r"(?<=[.!?:;])\s+", text):
            count = len([word for word in sentence.split() if re.search(r"\w", word)])
            if count > WORDS:
                yield f"{name}:{number}: {count} words: {sentence[:90]}…"


def words_are_of_the_field(texts=None):
    for name, number, text in texts or paragraphs():
        for banned in BANNED:
            for found in banned.finditer(text):
                yield f"{name}:{number}: \"{found[0]}\": {text[max(0, found.start() - 30):found.end() + 30]}"


def comments_are_of_the_field():
    def all_comments():
        for name in files("*.[ch]"):
            if within(name, REWORDED):
                for number, text in comments(read(name)):
                    yield name, number, text
    return words_are_of_the_field(all_comments()) if REWORDED else ()


def spelling_is_right():
    names = [*documents(), *manuals(), *files("user/*.[ch]", "bpf/*.[ch]", "include/*.h")]
    done = subprocess.run(
        ["codespell", "--ignore-words-list", ",".join(SPELLED), *names], cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    yield from done.stdout.splitlines() if done.returncode else ()


def code_of(name):
    """Spans and blocks of code of a document."""
    text = read(name)
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text) + re.findall(
        r"^```\w*\n(.*?)^```", text, re.M | re.S
    )


def commands_exist(codes=None):
    """Subcommands and options of vfsteer, and keys of its configuration."""
    usage = subprocess.run([VFSTEER, "help"], stdout=subprocess.PIPE, text=True, check=True).stdout
    commands = set(re.findall(r"^  vfsteer ([a-z-]+)", usage, re.M))
    details = usage + "".join(
        subprocess.run([VFSTEER, "help", one], stdout=subprocess.PIPE, text=True, check=True).stdout
        for one in commands
    )
    options = set(re.findall(r"--[a-z-]+", details))
    for name, codes in codes or [(name, code_of(name)) for name in documents()]:
        for code in codes:
            for command, rest in re.findall(
                r"(?:^|[#$;] |sudo |/)vfsteer ([a-z][a-z-]*)\b([^\n;|`)]*)", code
            ):
                if command not in commands and command != "configuration":
                    yield f"{name}: vfsteer {command}: no such command"
                for option in re.findall(r"--[a-z-]+", rest):
                    if option not in options:
                        yield f"{name}: vfsteer {command} {option}: no such option"


def keys_exist():
    """Of the configuration, as vfsteer.conf(5) has them; that page is compared with the program in
    test_installed.sh.
    """
    manual, count = read("user/man/vfsteer.conf.5"), 0
    for name in documents():
        for key in re.findall(r"`([a-z]+(?:_[a-z]+)*) = [a-z]", read(name)):
            count += 1
            if not re.search(rf"^\.(?:BR|BI) (?:{key}\b)", manual, re.M):
                yield f"{name}: {key}: not in vfsteer.conf(5)"
    if not count:
        yield "no document names a key"


def json_keys_are_documented():
    """Every key that the programs write stands in docs/reference, and no other."""
    host = "".join(read(name) for name in files("user/host/*.c"))
    call = r"\b(?:json_add(?:_[a-z]+)?|add_[a-z]+)\([a-z_>-]+,\s+\"([a-z_]+)\""
    written = set(re.findall(call, host))
    for key in sorted(written - set(re.findall(r"`([a-z_]+)`", read("docs/reference/host.md")))):
        yield f"docs/reference/host.md: {key} is written and not there"
    sources = "".join(read(name) for name in files("user/*.c") if not name.startswith("user/host/"))
    written = set(re.findall(r"json_add(?:_[a-z]+)?\([a-z_>-]+, \"([a-z_]+)\"", sources))
    text = read("docs/reference/json.md")
    tables = "\n".join(
        line.split("|")[1] + " " + line.split("|")[3]
        for line in text.splitlines()
        if line.startswith("|")
    )
    for key in sorted(written - set(re.findall(r"`([a-z_.]+)`", tables))):
        yield f"docs/reference/json.md: {key} is written and not there"
    # Those of three columns; the others have values.
    for key in sorted(
        {
            word
            for line in text.splitlines()
            if line.startswith("| `") and line.count("|") == 4
            for word in re.findall(r"`([a-z_]+)`", line.split("|")[1])
        }
        - written
    ):
        yield f"docs/reference/json.md: {key} is there and not written"


def rows_of(name, begin, end="\n\n"):
    """[(the code in the first column, the second)] of a table of a document: from the row after
    @begin on, as far as @end.
    """
    text = read(name).partition(begin)[2].partition(end)[0]
    return [
        (re.findall(r"`([^`]+)`", first), second.strip())
        for first, second in re.findall(r"^\| ([^|]*) \| ([^|]*) \|$", text, re.M)
        if "`" in first
    ]


def differences(name, documented, wanted):
    """@documented as rows_of returns it; @wanted: [(code, text)]."""
    texts = {code: text for codes, text in documented for code in codes}
    for code, text in wanted:
        if texts.get(code) != text:
            yield f"{name}: {code}: {texts.get(code, 'not there')}, expected: {text}"
    for code in texts.keys() - {code for code, _ in wanted}:
        yield f"{name}: {code}: in no table of the sources"


def tables_are_documented():
    """Each row of the tables of include/vfsteer_tables.h stands in the reference, with its
    explanation.
    """
    source = "include/vfsteer_tables.h"
    for table, heading in (
        ("VFSTEER_DOWN_REASONS", "| `down_reason` | explanation |\n"),
        ("VFSTEER_CAUSES", "| `last_switch.cause` | explanation |\n"),
    ):
        # The first says that there is nothing to explain.
        yield from differences(
            "docs/reference/json.md", rows_of("docs/reference/json.md", heading),
            [row[1:] for row in tables.rows(source, table)[1:]],
        )
    for table, heading in (
        ("VFSTEER_COUNTERS", "## Of a pair\n"),
        ("VFSTEER_PORT_COUNTERS", "## Of a port\n"),
    ):
        yield from differences(
            "docs/reference/counters.md", rows_of("docs/reference/counters.md", heading, "## "),
            [(field, text) for field, _, text in tables.rows(source, table)],
        )


def watched_functions_are_documented():
    """Each row of bpf/watch_functions.h, with what it sees and since when."""
    name = "docs/internals/watch-programs.md"
    yield from differences(
        name,
        rows_of(name, "| kernel function | sees |\n"),
        [
            (function, f"{sees} (Linux {since})" if since else sees)
            for function, since, sees, *_ in tables.rows(
                "bpf/watch_functions.h", "WATCH_FUNCTIONS", "F"
            )
        ],
    )


def config_keys():
    """[(key, sections, default or "", (least, most) or the words)] of the table in
    user/cli/config_keys.c.
    """
    for row in re.findall(
        r'^\t\{ ("[a-z_]+", IN_.*?) \},?$', read("user/cli/config_keys.c"), re.M | re.S
    ):
        name, sections, fallback = re.match(r'"(\w+)", ([A-Z_ |]+), (?:"(\w+)"|NULL)', row).groups()
        numbers, words = re.search(r"\b(?:NUMBER|SECONDS_OR_OFF)\((\d+), (\d+)\)", row), re.search(
            r"\bCHOICE\(\w+, (.*)\)", row
        )
        yield name, set(
            re.findall(r"IN_(\w+)", sections)
        ), fallback or "", numbers.groups() if numbers else re.findall(
            r"\w+", words[1]
        ) if words else ()


def config_keys_are_documented(table=None):
    """vfsteer.conf(5) has each key under its sections, with its range or words and its default; and
    no other. So has the example there.
    """
    text = read("user/man/vfsteer.conf.5")
    documented = {}
    for heading, part in re.findall(r"^\.SH ([A-Z ]+) KEYS\n(.*?)(?=^\.SH)", text, re.M | re.S):
        for tag in re.findall(r"^\.TP\n\.B[RI] (.*)$", part, re.M):
            plain = re.sub(r"\\f.|\"", "", re.sub(r'" ?| "', "", tag)).replace("  ", " ")
            documented[re.match(r"\w+", plain)[0], heading] = plain
    wanted = {}
    for name, sections, fallback, values in table or config_keys():
        if isinstance(values, tuple) and values:
            said = [f"({values[0]} to {values[1]}", f"default {fallback})"]
        else:
            said = [
                " | ".join(
                    f"{word} (default)" if word == fallback else word
                    for word in values or [fallback]
                    if word
                )
            ]
        wanted[
            name,
            " AND ".join(section for section in ("AGENT", "PAIR", "PORT") if section in sections),
        ] = said
        if (
            "AGENT" in sections
            and fallback
            and f"\n{name} = {fallback}\n"
            not in text.partition(".EX\n[agent]")[2].partition("[pair")[0]
        ):
            yield f"user/man/vfsteer.conf.5: {name} = {fallback}: not in the example with all keys"
    for (name, heading), said in sorted(wanted.items()):
        shown = documented.get((name, heading), "")
        if not shown or not all(one in re.sub(r" ?\| ?", " | ", shown) for one in said):
            yield f"user/man/vfsteer.conf.5: {name}, {heading} KEYS: \"{shown}\", expected: {', '.join(said)}"
    for name, heading in sorted(documented.keys() - wanted.keys()):
        yield f"user/man/vfsteer.conf.5: {name}: not in user/cli/config_keys.c"


def examples_are_tested():
    """Each block with a vfsteer command and its output has a mark, and each mark a test that makes
    its situation.
    """
    tests, marks, blocks = "".join(read(name) for name in files("tests/*test_examples.py")), 0, 0
    for name in [*documents(), *manuals()]:
        text = read(name)
        for mark in re.findall(r'^(?:<!--|\.\\") example: ([a-z-]+)', text, re.M):
            marks += 1
            if f'"{mark}"' not in tests:
                yield f"{name}: example {mark}: no test makes it"
        for before, body in re.findall(
            r"((?:^.*\n)?)^(?:```\w*|\.EX)\n(.*?)^(?:```|\.EE)$", text, re.M | re.S
        ):
            blocks += 1
            if re.search(r"^# (?:vfsteer|bpftool) ", body, re.M) and "example:" not in before:
                yield f"{name}: no mark before: {body.splitlines()[0]}"
    if not marks or not blocks:
        yield f"{marks} marks and {blocks} blocks of code in all documents"


# A check that finds nothing in these is broken: (check, argument, how many lines it yields).
WRONG = (
    (
        code_is_narrow,
        [
            ("wrong.py", "x = 1  # " + "x" * 100 + "\n"),
            ("right.py", "X = (\n    \"" + "x" * 100 + "\",\n)\n"),
        ],
        1,
    ),
    (
        documents_are_narrow,
        [("wrong.md", "x " * 60 + "\n| " + "x" * 120 + " |\n```\n" + "x" * 120 + "\n```\n")],
        1,
    ),
    (
        sentences_are_short,
        [("wrong.md", 1, "word " * 26 + ". Short."), ("right.md", 1, "word " * 25 + ".")],
        1,
    ),
    (
        words_are_of_the_field,
        [
            ("wrong.md", 1, "The agent dies, and nobody hears of it."),
            ("right.md", 1, "a live migration"),
        ],
        3,
    ),
    (prose, "A heading\n\n- one\n- two\n\n| a | b |\n\n```\ncode\n```\nthree\n", 4),
    (prose_of_manual, ".SH NAME\none\n.PP\ntwo\n.EX\ncode\n.EE\n", 2),
    (comments, "int a; /* one */\nint b; // two\n", 2),
    (
        differences,
        (
            "wrong.md",
            [(["right", "old"], "text"), (["other"], "text")],
            [("right", "text"), ("other", "changed"), ("new", "text")],
        ),
        3,
    ),
    (config_keys_are_documented, [*config_keys(), ("new_ms", {"AGENT"}, "5", ("1", "9"))], 2),
    (
        commands_exist,
        [
            (
                "wrong.md",
                [
                    "vfsteer gone",
                    "# vfsteer status --gone eth0",
                    "vfsteer status --json",
                    "sudo vfsteer run",
                ],
            )
        ],
        2,
    ),
)
CHECKS = (
    readme_is_short,
    documents_are_narrow,
    code_is_narrow,
    sentences_are_short,
    words_are_of_the_field,
    comments_are_of_the_field,
    commands_exist,
    keys_exist,
    json_keys_are_documented,
    tables_are_documented,
    watched_functions_are_documented,
    config_keys_are_documented,
    examples_are_tested,
    spelling_is_right,
)


def missing_package():
    """Why codespell cannot run, or an empty string."""
    if not shutil.which("codespell"):
        subprocess.run([ROOT / "tools/rig/packages.sh", "lint"], stdout=sys.stderr, check=False)
    return "" if shutil.which("codespell") else "codespell cannot be installed"


def main():
    count = failed = 0

    def result(name, problems):
        nonlocal count, failed
        count += 1
        failed += bool(problems)
        print(
            *(f"# {problem}" for problem in problems),
            f"{'not ok' if problems else 'ok'} {count} - {name}", sep="\n", flush=True,
        )

    for check in CHECKS:
        name = check.__name__.replace("_", "-")
        if check is spelling_is_right and missing_package():
            count += 1
            print(f"ok {count} - {name} # SKIP {missing_package()}")
            continue
        result(name, list(check()))
    for check, argument, expected in WRONG:
        found = list(check(*argument) if isinstance(argument, tuple) else check(argument))
        result(
            f"wrong-is-found: {check.__name__.replace('_', '-')}",
            [] if len(found) == expected else [f"{expected} expected, found: {found}"],
        )
    print(f"1..{count}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print("language")
    else:
        main()
