#!/usr/bin/python3
"""The weights of src/tokens/estimator.cpp, in the order of tokens::Trait: least squares of the relative error, none below zero.

  fit.py CORPUS COUNTS        both as corpus.py and counts.mjs write them. Every second text is held back, to be tried on.
"""

import json
import sys
from collections import Counter

import numpy as np

TRAITS = ["letters", "words", "camel_humps", "digits", "digit_runs", "signs", "sign_runs", "newlines", "more_blanks", "capitals",
          "latin", "greek", "cyrillic", "semitic", "devanagari", "south_asian", "thai", "other", "symbols", "kana", "han", "hangul", "astral"]
# The first character that is of another kind than this one.
ENDS = [(0x300, "latin"), (0x400, "greek"), (0x500, "cyrillic"), (0x800, "semitic"), (0x900, "south_asian"), (0x980, "devanagari"),
        (0xE00, "south_asian"), (0x1000, "thai"), (0x2000, "other"), (0x3040, "symbols"), (0x3100, "kana"), (0xA000, "han"),
        (0xE000, "hangul"), (0x10000, "other"), (0x110000, "astral")]


def traits_of(text):
    found = Counter()
    last, before = "", ""
    for c in text:
        if ord(c) >= 0x80:
            kind = "letter"
            found[next(name for end, name in ENDS if ord(c) < end)] += 1
        elif c.isalpha():
            kind = "letter"
            found["letters"] += 1
            found["words"] += last != "letter"
            found["capitals"] += c.isupper()
            found["camel_humps"] += c.isupper() and "a" <= before <= "z"
        elif c.isdigit():
            kind = "digit"
            found["digits"] += 1
            found["digit_runs"] += last != "digit"
        elif c in " \t":
            kind = "blank"
            found["more_blanks"] += last == "blank"
        elif c in "\r\n":
            kind = "newline"
            found["newlines"] += 1
        else:
            kind = "sign"
            found["signs"] += 1
            found["sign_runs"] += last != "sign"
        last, before = kind, c
    return [found[trait] for trait in TRAITS]


def fitted(traits, counts):
    """Coordinate descent on sum((traits x weights / counts - 1)^2), weights >= 0."""
    scaled = traits / counts[:, None]
    gram, right = scaled.T @ scaled, scaled.T @ np.ones(len(counts))
    weights = np.zeros(len(TRAITS))
    for _ in range(4000):
        for j in range(len(TRAITS)):
            if gram[j, j] > 0:
                weights[j] = max(0, weights[j] + (right[j] - gram[j] @ weights) / gram[j, j])
    return weights


def main():
    with open(sys.argv[1], encoding="utf-8") as corpus:
        traits = np.array([traits_of(json.loads(line)["t"]) for line in corpus], float)
    with open(sys.argv[2], encoding="utf-8") as file:
        counts = [json.loads(line) for line in file]
    held_back = np.arange(len(counts)) % 2 == 1
    o200k = np.array([row["gpt"] for row in counts], float)
    half_of_o200k = fitted(traits[~held_back], o200k[~held_back])
    for family in [name for name in counts[0] if name != "k"]:
        true = np.array([row[family] for row in counts], float)
        half = fitted(traits[~held_back], true[~held_back])
        by_traits = traits @ half
        with_count = o200k * by_traits / (traits @ half_of_o200k)
        print(f"{family}: {{{', '.join(f'{w:.3f}F' for w in fitted(traits, true))}}}")
        for name, estimate in (("by traits", by_traits), ("with the encoder", with_count)):
            error = np.abs(estimate[held_back] / true[held_back] - 1)
            print(f"  {name}, on what was held back: half within {np.median(error):.1%}, nineteen of twenty within {np.percentile(error, 95):.1%}")


main()
