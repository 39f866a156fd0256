"""C++ source as the lints see it: comments and the insides of literals blanked, positions unchanged."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent

_RAW_STRING = re.compile(r'R"([^\s()\\]{0,16})\(')


def blanked(text):
    """The text with comments and literal contents as spaces. Line breaks stay, so every offset still holds."""
    out = list(text)

    def blank(start, end):
        for k in range(start, min(end, len(out))):
            if out[k] != "\n":
                out[k] = " "

    i = 0
    while i < len(text):
        c = text[i]
        if text.startswith("//", i):
            end = _line_end(text, i)
            blank(i, end)
            i = end
        elif text.startswith("/*", i):
            end = text.find("*/", i + 2)
            end = len(text) if end < 0 else end + 2
            blank(i, end)
            i = end
        elif c == "R" and (raw := _RAW_STRING.match(text, i)) and not _in_word(text, i):
            end = text.find(")" + raw.group(1) + '"', raw.end())
            end = len(text) if end < 0 else end
            blank(raw.end(), end)
            i = end + len(raw.group(1)) + 2
        elif c == '"' or (c == "'" and not _in_word(text, i)):
            end = _literal_end(text, i)
            blank(i + 1, end - 1)
            i = end
        else:
            i += 1
    return "".join(out)


def without_directives(code):
    """Blanks preprocessor lines, their continuations included."""
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group()), code, flags=re.M)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def sources(*folders):
    """All C++ files under these folders of the repository, as paths relative to its root."""
    found = []
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".cpp", ".hpp") and "node_modules" not in path.parts:
                found.append(path.relative_to(ROOT).as_posix())
    return found


def _in_word(text, i):
    return i > 0 and (text[i - 1].isalnum() or text[i - 1] == "_")


def _line_end(text, i):
    end = text.find("\n", i)
    return len(text) if end < 0 else end


def _literal_end(text, i):
    quote = text[i]
    j = i + 1
    while j < len(text) and text[j] != quote and text[j] != "\n":
        j += 2 if text[j] == "\\" else 1
    return j + 1
