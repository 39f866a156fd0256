#!/usr/bin/env python3
"""Families as providers over texts of ten kinds: how far off weir is after it has seen twenty answers.

  play.py CORPUS COUNTS [BINARY]      default: build/release/bench/bench_tokens_play
"""

import json
import random
import statistics
import subprocess
import sys

KINDS = ["prose", "markdown", "cpp", "python", "json", "csv", "log", "german", "russian", "chinese"]
SEEN = 20
HIDDEN_PROMPT = 25  # tokens that the provider adds


def play(binary, family, method, texts, counts):
    answers = b"".join(b"%s %s %d %d\n%s" % (family.encode(), method.encode(), count, len(text), text)
                       for text, count in zip(texts, counts))
    lines = subprocess.run([binary], input=answers, capture_output=True, check=True).stdout.split(b"\n")
    guesses = [tuple(map(int, line.split())) for line in lines if line]
    later = list(zip(guesses, counts))[SEEN:]
    errors = sorted(abs(likely / count - 1) for (likely, _), count in later)
    return (statistics.median(errors), errors[len(errors) * 95 // 100],
            statistics.mean(upper / count - 1 for (_, upper), count in later),
            sum(upper >= count for (_, upper), count in later) / len(later))


def main():
    random.seed(1)
    with open(sys.argv[1], encoding="utf-8") as corpus:
        texts = [json.loads(line)["t"].encode() for line in corpus]
    with open(sys.argv[2], encoding="utf-8") as file:
        counts = [json.loads(line) for line in file]
    binary = sys.argv[3] if len(sys.argv) > 3 else "build/release/bench/bench_tokens_play"
    print("family     method    median error  19 of 20 within  reserved too much  within what is reserved")
    for family in [name for name in counts[0] if name != "k"]:
        for method in ("bytes", "encoder"):
            chosen = [i for i, row in enumerate(counts) if row["k"] in KINDS]
            random.shuffle(chosen)
            chosen = chosen[:600]
            median, most, over, within = play(binary, family, method, [texts[i] for i in chosen],
                                              [counts[i][family] + HIDDEN_PROMPT for i in chosen])
            print(f"{family:10} {method:8}  {median:12.1%}  {most:15.1%}  {over:17.1%}  {within:23.1%}")


main()
