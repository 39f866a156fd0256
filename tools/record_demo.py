#!/usr/bin/env python3
"""Records docs/demo.cast (asciinema's format, version 2): what a terminal shows of `weir demo`, asked until a provider runs
dry. Everything in it is real output; only the typing is ours. `--text` prints it as plain text, for the README.

Usage: record_demo.py WEIR FILE.cast
       record_demo.py --text FILE.cast
"""

import json
import os
import pathlib
import pty
import subprocess
import sys
import tempfile
import time

COLUMNS, ROWS = 110, 32
ASK = ("curl -si localhost:8484/v1/chat/completions -H 'content-type: application/json' "
       "-d '{\"model\": \"smart\", \"messages\": [{\"role\": \"user\", \"content\": \"hello\"}]}'")
COMMANDS = [
    "weir demo 2>weir.log &",
    f"ask() {{ {ASK}; }}",
    "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do ask | grep x-weir-served-by & done; sleep 3",
    "weir status",
]
DONE = "\1"  # what the shell prints after each command


class Recorder:
    def __init__(self):
        self.events = []
        self.began = time.monotonic()

    def add(self, text):
        self.events.append([round(time.monotonic() - self.began, 2), "o", text])

    def type(self, line):
        self.add("$ ")
        for start in range(0, len(line), 8):
            self.add(line[start:start + 8])
            time.sleep(0.05)
        self.add("\r\n")

    def save(self, path):
        head = {"version": 2, "width": COLUMNS, "height": ROWS, "title": "weir demo"}
        path.write_text("\n".join(json.dumps(line) for line in [head, *self.events]) + "\n")


def record(weir, path):
    recorder = Recorder()
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "weir").symlink_to(weir)
        environment = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": folder, "TERM": "dumb", "PS1": "", "COLUMNS": str(COLUMNS)}
        ours, theirs = pty.openpty()
        with subprocess.Popen(["bash", "--norc", "--noprofile"], cwd=folder, env=environment, stdin=subprocess.PIPE,
                              stdout=theirs, stderr=subprocess.DEVNULL) as shell:
            os.set_blocking(ours, False)
            for command in COMMANDS:
                recorder.type(command)
                # The demo goes on in the background; a second is what it has to begin with.
                rest = " sleep 1" if command.endswith("&") else ";"
                shell.stdin.write(f"{command}{rest}; printf '\\001'\n".replace(";;", ";").encode())
                shell.stdin.flush()
                text = ""
                while DONE not in text:
                    try:
                        text = os.read(ours, 65536).decode()
                        recorder.add(text.replace(DONE, ""))
                    except BlockingIOError:
                        time.sleep(0.02)
            shell.stdin.write(b"kill %1; wait\n")
            shell.stdin.close()
    recorder.save(path)


def main(words):
    if words[0] == "--text":
        lines = pathlib.Path(words[1]).read_text().splitlines()[1:]
        print("".join(json.loads(line)[2] for line in lines).replace("\r\n", "\n"), end="")
        return
    record(pathlib.Path(words[0]).resolve(), pathlib.Path(words[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
