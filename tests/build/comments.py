# SPDX-License-Identifier: GPL-2.0-only
"""What sources say to their readers: comments, documentation and messages of C, Python and shell.
"""

import io
import re
import tokenize

from documents import files, read

OF_C = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)+'", re.S)
OF_SHELL = re.compile(r"(?:^|\s)#[^\n]*")


def sources():
    """C, Python and shell; scripts are known by their first line."""
    named = files("*.[ch]", "*.py", "*.sh")
    others = files(".ci/*", "Makefile", "tests/*", "tools/*", "user/system/*")
    return named + [
        name
        for name in others
        if name not in named
        and (name.startswith(("user/system/", "Makefile")) or read(name).startswith("#!"))
    ]


def is_message(text):
    """Words in a string; one without a space is a name."""
    return " " in text.strip()


def comments_of_c(text):
    for found in OF_C.finditer(text):
        if found[0][0] == "/" or is_message(found[0]):
            yield text.count("\n", 0, found.start()) + 1, found[0]


def comments_of_python(text):
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
        elif token.type == tokenize.STRING and is_message(token.string):
            # Not the names between the braces of a message.
            yield token.start[0], re.sub(r"\{[^{}]*\}", "{}", token.string)


def comments_of_shell(text):
    for number, line in enumerate(text.splitlines(), 1):
        found = OF_SHELL.search(line)
        if found and not line.startswith("#!"):
            yield number, found[0].strip()


def comments(name, text):
    """[(line, comment)]. A comment of several lines is one; names of files and @arguments are no
    words of it.
    """
    first = text.partition("\n")[0]
    if name.endswith((".c", ".h")):
        found = comments_of_c(text)
    elif name.endswith(".py") or "python" in first:
        found = comments_of_python(text)
    else:
        found = comments_of_shell(text)
    joined, last = [], 0
    for number, comment in found:
        if comment.startswith("#") and joined and last == number - 1:
            joined[-1] = (joined[-1][0], f"{joined[-1][1]} {comment[1:].strip()}")
        else:
            joined.append((number, comment))
        last = number if comment.startswith("#") else 0
    for number, comment in joined:
        comment = re.sub(r"\s*\n[\s*]*", " ", comment)
        yield number, re.sub(r"\b[\w/]+\.(?:[ch]|py|sh)\b|@\w+", "", comment)
