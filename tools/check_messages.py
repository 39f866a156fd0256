#!/usr/bin/env python3
"""Compares docs/troubleshooting.md with the source: each message that its tables quote stands in src/, and each warning
and error of the log stands in its table of events.

Usage: check_messages.py [ROOT]
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = "docs/troubleshooting.md"
EVENTS = "Warnings in the log"
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
LOGGED = re.compile(r"""log::(?:warn|error)\(\s*"(\w+)"
                        |log::write\(\s*(?!log::Level::(?:debug|info))[\w:]+,\s*"(\w+)"
                        |"level":"(?:warn|error)","event":"(\w+)\"""", re.VERBOSE)
MARK = "\0"  # between two literals, so that no message is found across them


def strings_of(source):
    """All string literals, adjacent ones joined; escapes of quotes undone."""
    joined = re.sub(r'(?<!\\)"\s*\n?\s*"', "", re.sub(r"//[^\n]*", "", source))
    return MARK.join(text.replace('\\"', '"') for text in LITERAL.findall(joined))


def quoted(page):
    """(section, line number, what stands in the first cell's code spans) of each row of a table."""
    section = ""
    for number, line in enumerate(page.splitlines(), 1):
        if line.startswith("## "):
            section = line[3:]
        cell = re.match(r"\| (`.*?`(?:, `.*?`)*) \|", line)
        if cell:
            for span in re.findall(r"`(.*?)`", cell[1]):
                yield section, number, span


def check(page, sources):
    """What is wrong, as lines."""
    strings = MARK.join(strings_of(source) for source in sources)
    logged = {event for source in sources for found in LOGGED.findall(source) for event in found if event}
    listed = set()
    found = []
    for section, number, span in quoted(page):
        if section == EVENTS:
            listed.add(span)
            if span not in logged:
                found.append(f'{PAGE}:{number}: nothing logs "{span}" as a warning or an error')
            continue
        for part in span.split("…"):
            if part.strip() and part not in strings:
                found.append(f'{PAGE}:{number}: no source says "{part}"')
    found += [f'{PAGE}: no row for the event "{event}"' for event in sorted(logged - listed)]
    return found


def main(words):
    root = pathlib.Path(words[0]) if words else ROOT
    sources = [path.read_text() for path in sorted((root / "src").rglob("*.[ch]pp")) if "node_modules" not in path.parts]
    found = check((root / PAGE).read_text(), sources)
    print("\n".join(found) if found else f"messages: {len(list(quoted((root / PAGE).read_text())))} quoted, all of them said")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
