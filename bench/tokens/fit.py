#!/usr/bin/python3
"""The weights of src/tokens/estimator.cpp, in the order of tokens::Trait and then of its mixtures: least squares of the
relative error, those of traits none below zero.

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


def with_mixtures(traits):
    """As estimator.cpp has them: what code and accents do to the words around them."""
    column = {name: traits[:, i] for i, name in enumerate(TRAITS)}
    code = np.minimum(column["sign_runs"] / (column["words"] + column["digit_runs"] + 1), 2)
    accents = np.minimum(column["latin"] / (column["letters"] + column["latin"] + 1), 0.2)
    return np.column_stack([traits, column["sign_runs"] * code, column["letters"] * code, column["words"] * accents,
                            column["latin"] * accents])


def fitted(terms, counts):
    """Coordinate descent on sum((terms x weights / counts - 1)^2), weights of traits >= 0."""
    scaled = terms / counts[:, None]
    gram, right = scaled.T @ scaled, scaled.T @ np.ones(len(counts))
    weights = np.zeros(terms.shape[1])
    for _ in range(4000):
        for j in range(len(weights)):
            if gram[j, j] > 0:
                weights[j] += (right[j] - gram[j] @ weights) / gram[j, j]
                if j < len(TRAITS):
                    weights[j] = max(0, weights[j])
    return weights


def main():
    with open(sys.argv[1], encoding="utf-8") as corpus:
        traits = with_mixtures(np.array([traits_of(json.loads(line)["t"]) for line in corpus], float))
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
        weights = fitted(traits, true)
        print(f"{family}: {{{', '.join(f'{w:.3f}F' for w in weights)}}}")
        within = np.percentile(np.abs(traits @ weights / true - 1), 95)
        plain = traits[:, :len(TRAITS)] @ weights[:len(TRAITS)]
        print(f"  nineteen of twenty of all within {within:.3f}; at least {np.min(traits @ weights / plain):.2f} of the traits' sum")
        for name, estimate in (("by traits", by_traits), ("with the encoder", with_count)):
            error = np.abs(estimate[held_back] / true[held_back] - 1)
            print(f"  {name}, on what was held back: half within {np.median(error):.1%}, nineteen of twenty within {np.percentile(error, 95):.1%}")


main()
