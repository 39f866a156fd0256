#!/usr/bin/env python3
"""Counts the calls that a request costs on sockets and epoll, by strace: under 32 connections that ask without a pause,
and where each request comes on a fresh connection, and needs a fresh one to the provider. Fails where they are more
than allowed. Unlike a time it doesn't depend on the machine: a read too many is seen."""

import argparse
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

from compare import Bench

WATCHED = "%network,epoll_wait,epoll_pwait,epoll_ctl,readv,writev,ioctl"
REQUESTS_AT_LEAST = 500
FRESH, PACE_MS = 600, 1000  # connections; all are open before the first answer ends


def count(summary):
    """Calls by name, from the table that strace -c writes."""
    calls = {}
    for line in summary.splitlines():
        row = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", line)
        if row and row[2] != "total":
            calls[row[2]] = int(row[1])
    return calls


def measure(options, folder, stream, *load):
    options.rounds = options.seconds = 1
    bench = Bench(options, folder)
    bench.start_mock(1, PACE_MS if stream else 0)
    weir = bench.start("weir")
    report = pathlib.Path(folder) / "strace"
    try:
        if not stream:
            bench.drive(weir, bench.body(1500, False), "--seconds", 0.5)  # connections to the provider are there
        tracer = subprocess.Popen(["strace", "-f", "-c", "-e", f"trace={WATCHED}", "-o", str(report), "-p",
                                   str(weir.process.pid)], stderr=subprocess.PIPE, text=True)
        attached = tracer.stderr.readline()
        if "attached" not in attached:
            sys.exit(f"strace can't be used here: {attached.strip()}")
        seen = bench.drive(weir, bench.body(1500, stream), *load)
        tracer.send_signal(signal.SIGINT)
        tracer.wait(10)
    finally:
        weir.stop()
        bench.stop_mock()
    if seen["failed"] or seen["good"] < REQUESTS_AT_LEAST:
        sys.exit(f"{seen['failed']} of the requests failed, {seen['good']} were answered")
    return seen["good"], count(report.read_text())


def judge(what, at_most, options, stream, *load):
    with tempfile.TemporaryDirectory() as folder:
        requests, calls = measure(options, folder, stream, *load)
    each = {name: calls[name] / requests for name in sorted(calls, key=calls.get, reverse=True)}
    total = sum(each.values())
    print(f"{what}: {requests} requests, {total:.2f} calls each: " +
          ", ".join(f"{name} {share:.2f}" for name, share in each.items() if share >= 0.005))
    if each.get("sendmsg", 0) + each.get("writev", 0) < 2:
        sys.exit("fewer than two writes a request: this counts something else than requests")
    if total > at_most:
        sys.exit(f"more than {at_most} calls a request")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/release", help="where weir and the bench programs are")
    parser.add_argument("--at-most", type=float, default=4.5)
    parser.add_argument("--fresh-at-most", type=float, default=20)
    parser.add_argument("--traced-seconds", type=float, default=2)
    options = parser.parse_args()
    judge("kept connections", options.at_most, options, False, "--seconds", options.traced_seconds)
    judge("fresh connections", options.fresh_at_most, options, True, "--streams", "--connections", FRESH)


if __name__ == "__main__":
    main()
