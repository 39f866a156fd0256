#!/usr/bin/env python3
"""Checks docs/reliability.md: each test that it names exists, and each requirement has one row.

    tools/check_reliability.py [FILE]

In the column of tests stand `Suite.Name` of a C++ test, `file.test.js` with a "title" of each test in it that is meant,
`fuzz_target`, or the path of a file. Prints "line: message" and exits 1 where one isn't there.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
REQUIREMENTS = ([f"S{i}" for i in range(1, 10)] + [f"H{i}" for i in range(1, 9)] + [f"R{i}" for i in range(1, 12)] +
                [f"P{i}" for i in range(1, 5)] + [f"Q{i}" for i in range(1, 8)])
TESTS_COLUMN = 3  # | requirement | where | tests | figure |


def cpp_tests(root):
    names = set()
    for path in (root / "tests").rglob("*.cpp"):
        if "node_modules" in path.parts:
            continue
        for suite, name in re.findall(r"\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)", path.read_text()):
            names.add(f"{suite}.{name}")
    return names


def titles(path):
    text = path.read_text()
    return {found[1].replace("\\'", "'") for found in re.findall(r"\btest\(\s*(['\"`])((?:\\.|(?!\1).)*)\1", text)}


def check_named(token, root, known):
    """Why this token in backticks names nothing; None where it names something."""
    if token.endswith(".test.js"):
        return None if (root / "tests/e2e" / token).is_file() else "there is no such end-to-end test"
    if token.startswith("fuzz_"):
        return None if (root / "tests/fuzz" / token.removeprefix("fuzz_")).is_dir() else "there is no such fuzz target"
    if "/" in token:
        return None if (root / token).exists() else "there is no such file"
    if re.fullmatch(r"\w+\.\w+", token):
        return None if token in known else "there is no such C++ test"
    return "neither a test nor a file"


def check_cell(cell, root, known):
    messages = []
    script = None
    for token, title in re.findall(r"`([^`]+)`|\"([^\"]+)\"", cell):
        if token:
            why = check_named(token, root, known)
            if why:
                messages.append(f"`{token}`: {why}")
            script = token if token.endswith(".test.js") and not why else None
        elif script is None:
            messages.append(f'"{title}": no end-to-end test is named before it')
        elif title not in titles(root / "tests/e2e" / script):
            messages.append(f'"{title}": {script} has no test of that title')
    return messages


def check_text(text, root=ROOT, requirements=None):
    """All that is wrong, as (line, message)."""
    known = cpp_tests(root)
    problems = []
    seen = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.split("|")]
        first = re.match(r"([SHRPQ]\d+)\b", cells[1]) if len(cells) > TESTS_COLUMN + 1 else None
        if not first:
            continue
        seen.append(first[1])
        problems += [(number, message) for message in check_cell(cells[TESTS_COLUMN], root, known)]
    for name in requirements or REQUIREMENTS:
        if seen.count(name) != 1:
            problems.append((0, f"{name} has {seen.count(name)} rows in place of one"))
    return problems


def main():
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/reliability.md"
    problems = check_text(path.read_text())
    for number, message in problems:
        print(f"{path.name}:{number}: {message}")
    print(f"reliability: {len(REQUIREMENTS)} requirements, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
