#!/usr/bin/env python3
"""Texts of many kinds from this machine, for fitting and for play: a JSON object {"k": kind, "t": text} a line."""

import base64
import glob
import json
import os
import random
import re
import subprocess
import uuid

SIZES = (300, 1000, 3000, 9000)
MOST_OF_A_KIND = 160

FILES = {
    "prose": ["/usr/share/common-licenses/*", "/usr/share/doc/*/README*", "/usr/share/doc/**/*.txt", "/usr/share/perl/**/*.pod"],
    "markdown": ["tests/e2e/node_modules/**/README.md", "docs/*.md", "tests/e2e/node_modules/**/CHANGELOG.md"],
    "cpp": ["/usr/include/c++/12/**/*", "/usr/include/boost/asio/**/*.hpp", "src/**/*.cpp"],
    "python": ["/usr/lib/python3*/**/*.py"],
    "typescript": ["tests/e2e/node_modules/**/*.ts", "tests/e2e/node_modules/**/*.mjs"],
    "json": ["tests/e2e/node_modules/**/*.json", "/usr/share/**/*.json"],
    "shell": ["/usr/share/**/*.sh", "/usr/share/bash-completion/completions/*"],
    "html": ["/usr/share/doc/**/*.html"],
}
LANGUAGES = {
    "de": "german", "fr": "french", "es": "spanish", "it": "italian", "pt_BR": "portuguese", "pl": "polish", "ru": "russian",
    "uk": "ukrainian", "ar": "arabic", "hi": "hindi", "bn": "bengali", "ta": "tamil", "zh_CN": "chinese", "zh_TW": "chinese_t",
    "ja": "japanese", "ko": "korean", "vi": "vietnamese", "th": "thai", "he": "hebrew", "el": "greek", "tr": "turkish",
    "fa": "persian", "cs": "czech", "sv": "swedish", "ka": "georgian"}
EMOJI = "😀😂🥰👍🙏🎉🔥💯🚀❤️✨🤔😭🥺💀🇩🇪👨‍👩‍👧"


def cuts(text, count):
    for _ in range(count):
        size = random.choice(SIZES)
        start = random.randrange(max(1, len(text) - size))
        yield text[start:start + size]


def of_files(patterns):
    paths = [p for pattern in patterns for p in glob.glob(pattern, recursive=True)
             if os.path.isfile(p) and 500 < os.path.getsize(p) < 400_000]
    random.shuffle(paths)
    for path in paths[:120]:
        try:
            with open(path, encoding="utf-8") as file:
                yield from cuts(file.read(), 4)
        except UnicodeDecodeError:
            pass


def of_catalogues(language):
    """Translations of messages, joined to paragraphs."""
    messages = []
    for path in glob.glob(f"/usr/share/locale/{language}/LC_MESSAGES/*.mo"):
        catalogue = subprocess.run(["msgunfmt", "--no-wrap", path], capture_output=True, check=False).stdout.decode("utf-8", "ignore")
        for match in re.finditer(r'^msgstr(?:\[\d\])? "(.*)"$', catalogue, re.M):
            text = match.group(1).replace("\\n", "\n").replace('\\"', '"')
            if len(text) > 40:
                messages.append(text)
    for _ in range(40 if messages else 0):
        random.shuffle(messages)
        yield "\n".join(messages[:random.randrange(2, 42)])[:9000]


def made():
    """Data as programs write it."""
    def number(digits):
        return random.randrange(10 ** digits)

    for i in range(60):
        row = (lambda: f"{number(random.randrange(1, 9))},{number(3)},{random.random() * 1000:.2f},{random.choice(['a', 'eu', 'ok'])}") \
            if i % 2 else (lambda: ",".join(str(round(random.gauss(0, 100), random.randrange(5))) for _ in range(6)))
        yield "csv", "\n".join(row() for _ in range(random.randrange(5, 155)))
        yield "minjson", json.dumps([{"id": number(6), "x": random.random(), "y": round(random.random() * 100, 3), "t": 1_700_000_000 + number(7),
                                      "n": random.choice(["alpha", "beta", "gamma"])} for _ in range(random.randrange(3, 63))], separators=(",", ":"))
        yield "log", "\n".join(f"2026-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}T{number(2) % 24:02}:{number(2) % 60:02}:{number(2) % 60:02}."
                               f"{number(3):03}Z {random.choice(['INFO', 'WARN', 'ERROR'])} [{number(5)}] 10.{number(3) % 256}.{number(3) % 256}.9 "
                               f"\"GET /api/v1/{random.choice(['users', 'items/42', 'health'])} HTTP/1.1\" {random.choice([200, 404, 500])} {number(5)}"
                               for _ in range(random.randrange(3, 63)))
        yield "uuid", "\n".join(str(uuid.UUID(int=random.getrandbits(128))) for _ in range(random.randrange(3, 83)))
        yield "hex", random.randbytes(random.randrange(50, 2050)).hex()
        yield "base64", base64.b64encode(random.randbytes(random.randrange(50, 3050))).decode()
        yield "ascii", "".join(chr(32 + random.randrange(95)) for _ in range(random.randrange(50, 3050)))
        yield "emoji", "".join(random.choice(EMOJI) + random.choice(["", "", " "]) for _ in range(random.randrange(10, 210)))


def main():
    random.seed(5)
    kinds = {}
    for kind, patterns in FILES.items():
        kinds[kind] = list(of_files(patterns))
    for language, kind in LANGUAGES.items():
        kinds[kind] = list(of_catalogues(language))
    for kind, text in made():
        kinds.setdefault(kind, []).append(text)
    for kind, texts in kinds.items():
        random.shuffle(texts)
        for text in texts[:MOST_OF_A_KIND]:
            if text.strip():
                print(json.dumps({"k": kind, "t": text}))


main()
