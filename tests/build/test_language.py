#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The documents are written as CONTRIBUTING.md says: widths, short sentences, the words of the
field, spelling. TAP on stdout.

"""

import io
import re
import shutil
import subprocess
import sys
import tokenize
from pathlib import Path

from comments import comments, sources
from documents import ROOT, documents, files, main, manuals, read

README_LINES, COLUMNS, WORDS = 120, 100, 25

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
# A cause in status --json, where names stay.
CAUSE = "in somebody else's use"
# Words that codespell takes for mistakes.
SPELLED = ("nd", "fro", "whats", "inflight")


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


def comments_are_of_the_field(texts=None):
    """Messages as well. Not this program, which has the words."""
    all_texts = texts or [(name, read(name)) for name in sources()]
    return words_are_of_the_field(
        (name, number, comment)
        for name, text in all_texts
        if not name.endswith(Path(__file__).name)
        for number, comment in comments(name, text.replace(CAUSE, ""))
    )


def spelling_is_right():
    names = [*documents(), *manuals(), *files("user/*.[ch]", "bpf/*.[ch]", "include/*.h")]
    done = subprocess.run(
        ["codespell", "--ignore-words-list", ",".join(SPELLED), *names], cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    yield from done.stdout.splitlines() if done.returncode else ()


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
    (
        comments,
        ("wrong.c", 'int a; /* one */\nint b; // two\nputs("three words");\nputs("no");\n'),
        3,
    ),
    (comments, ("wrong.py", '"""A line."""\n\nx = f"two {three}"  # three\n# four\n'), 3),
    (comments, ("wrong.sh", "#!/bin/sh\n# one\nx=${#y}\n\ny # two\n"), 2),
    (
        comments_are_of_the_field,
        [
            ("wrong.c", "/* The agent was\n * told. */"),
            ("wrong.py", "# It is\n# well.\nx = 'all is well'\n"),
            ("wrong.sh", "# news\n"),
            ("right.py", "wish = f'the {wish} of bpf/alive.h'\n"),
        ],
        4,
    ),
)
CHECKS = (
    readme_is_short,
    documents_are_narrow,
    code_is_narrow,
    sentences_are_short,
    words_are_of_the_field,
    comments_are_of_the_field,
    spelling_is_right,
)


def missing_package():
    """Why codespell cannot run, or an empty string."""
    if not shutil.which("codespell"):
        subprocess.run([ROOT / "tools/rig/packages.sh", "lint"], stdout=sys.stderr, check=False)
    return "" if shutil.which("codespell") else "codespell cannot be installed"


if __name__ == "__main__":
    main("language", CHECKS, WRONG, {spelling_is_right: missing_package})
