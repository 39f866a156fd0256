#!/usr/bin/env python3
"""Runs weir beside nginx and HAProxy over one mock provider and prints what came out: medians over rounds, each of
which visits the targets in an order of its own, and ratios to nginx inside a round. See README.md here."""

import argparse
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

LOAD_CORE, PROXY_CORE = "0", "1"
TICKS = os.sysconf("SC_CLK_TCK")
CLIENT_KEY = "sk-bench"

NGINX = """
worker_processes 1; daemon off; pid {dir}/nginx.pid; error_log {dir}/nginx.err crit;
worker_rlimit_nofile 65536;
events {{ worker_connections 20000; }}
http {{
  access_log off; client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/f;
  uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  client_max_body_size 32m; client_body_buffer_size 1m; keepalive_requests 100000000; keepalive_timeout 600s;
  tcp_nodelay on;
  upstream mock {{ server 127.0.0.1:{mock}; keepalive 8192; keepalive_requests 100000000; keepalive_timeout 600s; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection "";
                  proxy_buffering {buffering}; proxy_read_timeout 600s; }}
  }}
}}
"""

HAPROXY = """
global
  nbthread 1
  maxconn 9000
defaults
  mode http
  option http-no-delay
  http-reuse always
  timeout connect 5s
  timeout client 600s
  timeout server 600s
frontend in
  bind 127.0.0.1:{port} backlog 4096
  default_backend mock
backend mock
  server mock 127.0.0.1:{mock} pool-max-conn 8192
"""

WEIR = """
server: {{listen: "127.0.0.1:0", threads: {threads}, max_connections: 20000}}
auth: {{keys: [{{name: bench, key: {key}, models: ["*"]}}]}}
providers: {{{providers}}}
models: {{smart: {{targets: [{targets}]}}}}
routing: {{sticky: {{by: "{sticky}"}}}}
timeouts: {{idle: 600s}}
log: {{level: info, format: json, file: {dir}/weir.log}}
"""

PROVIDER = """
  {name}: {{
    preset: openai_compatible,
    base_url: "http://127.0.0.1:{mock}/v1",
    api_key: sk-upstream,
    models: {{m: {{context: 1M, max_output: 32k}}, other: {{context: 1M}}}},
    limits: {{rpm: 100M, rpd: {{limit: 1000M, window: calendar, zone: UTC}}, tpm: {{limit: 1000M, window: refill}}}}
  }}"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pinned(core, command):
    real_time = ["chrt", "--rr", "10"] if os.geteuid() == 0 else []
    return [*real_time, "taskset", "-c", core, *command]


def stat_fields(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def family(pid):
    """The process and its children."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children)]


class Target:
    def __init__(self, name, command, port, environment=None):
        self.name, self.port = name, port
        self.process = None
        if command:
            began = time.monotonic()
            self.process = subprocess.Popen(
                pinned(PROXY_CORE, command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                env={**os.environ, **(environment or {})})
            if port is None:
                ready = self.process.stdout.readline()
                self.port = int(re.search(r"127\.0\.0\.1:(\d+)", ready)[1])
            else:
                self.wait_for_port()
            self.start_ms = (time.monotonic() - began) * 1000

    def wait_for_port(self):
        for _ in range(500):
            if self.process.poll() is not None:
                sys.exit(f"{self.name} ended: {self.process.stderr.read()}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        sys.exit(f"{self.name} doesn't listen")

    def cpu(self):
        """User and system seconds so far."""
        if not self.process:
            return 0.0, 0.0
        fields = [stat_fields(pid) for pid in family(self.process.pid)]
        return (sum(int(f[11]) for f in fields) / TICKS, sum(int(f[12]) for f in fields) / TICKS)

    def rss_kib(self):
        if not self.process:
            return 0
        total = 0
        for pid in family(self.process.pid):
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            total += int(re.search(r"VmRSS:\s+(\d+)", status)[1])
        return total

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, pathlib.Path(folder)
        self.programs = pathlib.Path(options.build)
        self.bodies = {}
        self.mock = None
        self.rows = {}

    def body(self, size, stream):
        turn = {"role": "user", "content": "Why does this not compile?\n```cpp\nauto s = \"a\" + \"b\";\n```\n" * 2}
        request = {"model": "smart", "stream": stream, "max_tokens": 256, "messages": []}
        while len(json.dumps(request)) + len(json.dumps(turn)) < size:
            request["messages"].append(turn)
        request["messages"].append({"role": "user", "content": "Thanks."})
        text = json.dumps(request, separators=(",", ":"))
        path = self.folder / f"body-{size}-{stream}.json"
        path.write_text(text)
        return str(path)

    def start_mock(self, events, interval_ms):
        self.stop_mock()
        command = [self.programs / "bench/bench_mock_provider", "--events", events, "--interval-ms", interval_ms]
        self.mock = subprocess.Popen(
            pinned(LOAD_CORE, [str(part) for part in command]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.mock_port = int(self.mock.stdout.readline())

    def stop_mock(self):
        if self.mock:
            self.mock.stdin.close()
            self.mock.wait(10)
        self.mock = None

    def start(self, name, threads=1, buffering="on"):
        port = free_port()
        values = {"dir": self.folder, "mock": self.mock_port, "port": port, "threads": threads, "key": CLIENT_KEY,
                  "buffering": buffering}
        if name == "direct":
            return Target(name, None, self.mock_port)
        if name == "nginx":
            (self.folder / "nginx.conf").write_text(NGINX.format(**values))
            return Target(name, ["nginx", "-c", str(self.folder / "nginx.conf")], port,
                          {"MALLOC_TRIM_THRESHOLD_": "1000000000", "MALLOC_MMAP_THRESHOLD_": "1000000000"})
        if name == "haproxy":
            (self.folder / "haproxy.cfg").write_text(HAPROXY.format(**values))
            return Target(name, ["haproxy", "-f", str(self.folder / "haproxy.cfg")], port)
        if name == "weir 2":
            values["threads"] = 2
        return self.start_weir(name, ["mock"], "mock/m, mock/other", threads=values["threads"])

    def start_weir(self, name, providers, targets, sticky="conversation", threads=1):
        config, state = self.folder / "weir.yaml", self.folder / "state"
        config.write_text(WEIR.format(
            dir=self.folder, threads=threads, key=CLIENT_KEY, targets=targets, sticky=sticky,
            providers=",".join(PROVIDER.format(name=provider, mock=self.mock_port) for provider in providers)))
        shutil.rmtree(state, ignore_errors=True)
        return Target(name, [str(self.programs / "weir"), "serve", "--config", str(config), "--state-dir", str(state)],
                      None)

    def start_crowd(self, targets):
        """weir with so many targets, of a provider each; a conversation doesn't stay, so that all are drawn from."""
        names = [f"mock{number}" for number in range(targets)]
        return self.start_weir("weir", names, ", ".join(f"{name}/m" for name in names), sticky="off")

    def drive(self, target, body, *more):
        command = [str(self.programs / "bench/bench_drive"), "--port", str(target.port), "--body", body, "--field",
                   f"authorization: Bearer {CLIENT_KEY}", *(str(part) for part in more)]
        before = target.cpu()
        output = subprocess.run(pinned(LOAD_CORE, command), capture_output=True, text=True, check=True).stdout
        after = target.cpu()
        seen = json.loads(output)
        seen["user_s"], seen["system_s"] = after[0] - before[0], after[1] - before[1]
        return seen

    def rounds(self, names, measure, **start):
        """Of each target a list of what `measure` gave, a round each; nothing where an answer failed."""
        results = {name: [] for name in names}
        for _ in range(self.options.rounds):
            for name in random.sample(names, len(names)):
                target = self.start(name, **start)
                try:
                    results[name].append(measure(target))
                finally:
                    target.stop()
        return results

    def plain(self, size):
        def measure(target):
            body = self.body(size, False)
            self.drive(target, body, "--seconds", 0.5)
            seen = self.drive(target, body, "--seconds", self.options.seconds)
            if seen["failed"]:
                return None
            return {"req/s": seen["per_second"], "user us": seen["user_s"] / seen["good"] * 1e6,
                    "cpu us": (seen["user_s"] + seen["system_s"]) / seen["good"] * 1e6, "p99 us": seen["p99_us"]}
        return measure

    def at_rate(self, rate):
        def measure(target):
            body = self.body(1500, False)
            self.drive(target, body, "--seconds", 0.5)
            seen = self.drive(target, body, "--seconds", self.options.seconds, "--rate", rate)
            return None if seen["failed"] else {"p50 us": seen["p50_us"], "p99 us": seen["p99_us"]}
        return measure

    def streams(self, count):
        def measure(target):
            body = self.body(1500, True)
            self.drive(target, body, "--streams", "--connections", 10, "--seconds", 60)
            before = target.rss_kib()
            rss = []
            command = pinned(LOAD_CORE, [
                str(self.programs / "bench/bench_drive"), "--port", str(target.port), "--body", body, "--streams",
                "--connections", str(count), "--seconds", "60", "--field", f"authorization: Bearer {CLIENT_KEY}"])
            cpu = target.cpu()
            client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            while client.poll() is None:
                time.sleep(0.2)
                rss.append(target.rss_kib())
            after = target.cpu()
            seen = json.loads(client.stdout.read())
            if seen["failed"]:
                return None
            return {"first p50 ms": seen["first_p50_us"] / 1000,
                    "cpu us/event": (sum(after) - sum(cpu)) / max(seen["events"], 1) * 1e6,
                    "KiB/stream": (max(rss) - before) / count, "RSS MiB": max(rss) / 1024, "events": seen["events"]}
        return measure

    def growth(self):
        """Of weir alone: what a request costs beside much of everything."""
        # weir keeps half of its descriptors for providers.
        idle_most = min(10000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2 - 500)

        def beside_idle(target):
            idle = [socket.create_connection(("127.0.0.1", target.port)) for _ in range(idle_most)]
            try:
                return self.plain(1500)(target)
            finally:
                for connection in idle:
                    connection.close()

        def after_many(target):
            self.drive(target, self.body(1500, False), "--seconds", 30)
            return self.plain(1500)(target)

        kinds = {"1 target": (1, self.plain(1500)), "20 targets": (20, self.plain(1500)),
                 "200 targets": (200, self.plain(1500)), f"{idle_most} idle": (1, beside_idle),
                 "after 30 s": (1, after_many)}
        results = {kind: [] for kind in kinds}
        for _ in range(self.options.rounds):
            for kind in random.sample(list(kinds), len(kinds)):
                targets, measure = kinds[kind]
                target = self.start_crowd(targets)
                try:
                    results[kind].append(measure(target))
                finally:
                    target.stop()
        return results

    def table(self, title, results, ratio=None):
        print(f"\n{title}")
        columns = next((list(row[0]) for row in results.values() if row and row[0]), [])
        print("  " + "target".ljust(12) + "".join(column.rjust(14) for column in columns) +
              ("    x nginx" if ratio and "nginx" in results else ""))
        order = ["direct", "nginx", "haproxy", "weir", "weir 2"]
        for name in sorted(results, key=lambda name: order.index(name) if name in order else len(order)):
            rows = results[name]
            if not rows or any(row is None for row in rows):
                print(f"  {name.ljust(12)} disqualified: answers failed")
                continue
            line = "".join(f"{statistics.median(row[column] for row in rows):14,.1f}" for column in columns)
            if ratio and all(results.get("nginx") or [None]):
                inside = [row[ratio] / peer[ratio] for row, peer in zip(rows, results["nginx"])]
                line += f"{statistics.median(inside):11.2f}"
            print("  " + name.ljust(12) + line, flush=True)
        self.rows[title] = results

    def run(self):
        names = ["direct", *(name for name in ("nginx", "haproxy") if shutil.which(name)), "weir"]
        wanted = self.options.only
        self.start_mock(20, 250)
        for size, title in ((1500, "1.5 KB"), (20000, "20 KB"), (500000, "500 KB")):
            if not wanted or "plain" in wanted or title in wanted:
                targets = [*names, "weir 2"] if size == 1500 else names
                self.table(f"Saturation, 32 connections, {title}", self.rounds(targets, self.plain(size)), "req/s")
        if not wanted or "rate" in wanted:
            self.table(f"{self.options.rate} requests a second, 1.5 KB", self.rounds(names, self.at_rate(self.options.rate)),
                       "p50 us")
        for count in (1000, 5000):
            if wanted and "streams" not in wanted and str(count) not in wanted:
                continue
            proxies = [name for name in names if name != "direct"]
            self.table(f"{count} streams of 20 events, one each 250 ms",
                       self.rounds(proxies, self.streams(count), buffering="off"), "cpu us/event")
        if not wanted or "idle" in wanted:
            proxies = [name for name in names if name != "direct"]
            idle = self.rounds(proxies, lambda target: (time.sleep(1), {
                "RSS MiB": target.rss_kib() / 1024, "start ms": target.start_ms})[1])
            self.table("Idle, and until it accepts", idle)
        if not wanted or "growth" in wanted:
            self.table("weir beside much of everything, 32 connections, 1.5 KB", self.growth())
        self.stop_mock()
        if self.options.json:
            pathlib.Path(self.options.json).write_text(json.dumps(self.rows, indent=1))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/release", help="where weir and the bench programs are")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement")
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--only", nargs="*", help="plain, rate, streams, idle, growth, or one size: '1.5 KB', 5000")
    parser.add_argument("--json", help="where to write every figure")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Bench(options, folder).run()


if __name__ == "__main__":
    main()
