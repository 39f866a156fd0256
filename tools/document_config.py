#!/usr/bin/python3
"""Writes docs/configuration.md: every key of weir.yaml, from config/schema/weir.schema.json.

Usage: document_config.py --out FILE.md SCHEMA.json
       document_config.py --check FILE.md SCHEMA.json
With --check nothing is written; the exit code is 1 where the file isn't what would be written. Either way it is 1 where a
key isn't described. That the schema has the reader's keys and defaults is what tests/unit/config/schema_test.cpp sees to.
"""

import argparse
import json
import pathlib
import sys

HEAD = """\
<!-- Written by tools/document_config.py from config/schema/weir.schema.json; edit that. -->
# Configuration

Every key of `weir.yaml`. None is needed: an empty file is valid, and so is none at all.
[config/weir.example.yaml](../config/weir.example.yaml) shows them in their places; `weir check` tells all mistakes of a
file at once, with line, column and remedy; `weir check --print-effective` shows what is in effect. The schema is for
editors too: `# yaml-language-server: $schema=schema/weir.schema.json`.

**Where it is looked for**: `--config FILE`, `$WEIR_CONFIG`, `./weir.yaml`, `$XDG_CONFIG_HOME/weir/weir.yaml` (default
`~/.config`), `/etc/weir/weir.yaml`. `--listen` and `$WEIR_LISTEN` stand above `server.listen`.

**Variables** stand in values: `${VAR}`, `${VAR:-default}`, `${VAR:?message}`; `$$` is a dollar. One that isn't set is an
error, but for a provider's key: that provider is left out, with a warning. A `.env` beside the file, or the one that
`--env-file` or `$WEIR_ENV_FILE` names, is read; a real variable wins over it. Relative paths count from the file's folder.

**Types**: a *count* may have k, M or B behind it (12k is 12,000); a *size* B, KiB, MiB, GiB, kB, MB or GB; a *duration* ns, us,
ms, s, m, h or d, also several (1h30m), and without a unit is in seconds; a *share* ends in %; a *flag* is true or false.

A reload (SIGHUP, or `POST /admin/v1/reload`) reads the same file again, which must be a regular one, takes what can change
while running, and names in the log what needs a restart.
"""

# Types with a section of their own: what is said of them, and where they may stand.
SECTIONS = {
    "provider": ("A provider", "Under `providers`, by a name of your own."),
    "model": ("A model of a provider", "Under `providers.NAME.models`, by the name that clients ask for."),
    "limits": ("Limits", "Under a provider: pools of the account, shared by its models. Under a model: that model's own. "
                         "Under one of `auth.keys`: of that client."),
    "limit": ("A limit as a map", "In place of the number behind a short name. Windows: `sliding` is at most so many in any "
                                  "such time; `fixed` is aligned to the clock, in UTC; `first_use` starts with the first "
                                  "request; `calendar` is a civil day or month in `zone`; `refill` is a bucket that fills "
                                  "little by little; `interval` is one each period/N; `credit` doesn't come back. "
                                  "[quota-model.md](quota-model.md) has the rest."),
    "charge": ("Charge", "Under a provider."),
    "timeouts": ("Timeouts", "At the top, for all providers, and under a provider."),
}
WORDS = {"count": "count", "size": "size", "duration": "duration", "flag": "flag", "percent": "share", "weight": "number",
         "text": "text", "globs": "list of patterns"}


class Writer:
    def __init__(self, schema):
        self.schema = schema
        self.undescribed = []
        self.lines = []

    def target(self, node):
        """The name of the definition that a node stands for; None where it is its own."""
        for step in [node, *node.get("allOf", [])]:
            if "$ref" in step:
                return step["$ref"].rsplit("/", 1)[1]
        return None

    def options(self, node):
        """What may stand there; a variable may anywhere, which is said once for all."""
        return [option for option in node.get("anyOf", [node]) if self.target(option) != "variable"]

    def type_of(self, node):
        name = self.target(node)
        if name == "limit":
            return f"count or [map](#{SECTIONS[name][0].lower().replace(' ', '-')})"
        if name in SECTIONS:
            return link(SECTIONS[name][0])
        if name:
            return WORDS[name]
        if "const" in node:
            return f"`{node['const']}`"
        if "enum" in node:
            return ", ".join(f"`{word}`" for word in node["enum"] if word is not False)
        if "anyOf" in node:
            return " or ".join(self.type_of(option) for option in self.options(node))
        kind = node["type"] if isinstance(node["type"], str) else node["type"][0]
        if kind == "array":
            options = self.options(node["items"])
            if len(options) > 1 or "properties" in options[0]:
                return "list"
            return f"list of {plural(self.type_of(options[0]))}"
        return {"string": "text", "integer": "count", "object": "map"}[kind]

    def rows(self, node, path=""):
        """(key, type, default, text) of what stands in a map, and in the maps in it."""
        for option in [node, *node.get("anyOf", [])]:
            for name, value in option.get("properties", {}).items():
                yield from self.row(path + name, value)
            more = option.get("additionalProperties")
            if isinstance(more, dict) and not self.target(more) and path:
                yield from self.rows(more, path + "NAME.")

    def row(self, path, node):
        text = node.get("description", "")
        if not text and self.target(node) in SECTIONS:
            text = self.schema["definitions"][self.target(node)].get("description", "")
        if not text:
            self.undescribed.append(path)
        default = json.dumps(node["default"]).strip('"') if "default" in node else None
        yield path, self.type_of(node), "" if default is None else f"`{default}`" if default else "empty", text
        if self.target(node):
            return
        yield from self.rows(node, path + ".")
        if isinstance(node.get("items"), dict) and not self.target(node["items"]):
            yield from self.rows(node["items"], path + "[].")

    def table(self, rows):
        rows = [(f"`{key}`", *rest) for key, *rest in rows]
        if not rows:
            return
        self.lines += ["| Key | Type | Default | |", "|---|---|---|---|"]
        self.lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
        self.lines.append("")

    def write(self):
        self.lines += [HEAD]
        for name, node in self.schema["properties"].items():
            target = self.target(node)
            text = node.get("description", "")
            if not text:
                self.undescribed.append(name)
            self.lines += [f"## {name}", "", text, ""]
            more = node.get("additionalProperties")
            if target:
                self.lines += [f"Its keys: {link(SECTIONS[target][0])}.", ""]
            elif isinstance(more, dict) and self.target(more):
                self.lines += [f"`{name}.NAME` is {link(SECTIONS[self.target(more)][0])}.", ""]
            elif isinstance(more, dict) and "properties" not in more:
                self.lines += [f"`{name}.NAME` is {self.type_of(more)}.", ""]
            else:
                self.table(self.rows(node, name + "."))
        for name, (title, where) in SECTIONS.items():
            node = self.schema["definitions"][name]
            self.lines += [f"## {title}", "", " ".join(filter(None, [where, node.get("description", "")])), ""]
            self.table(self.rows(node))
        return "\n".join(self.lines).rstrip("\n") + "\n"


def link(title):
    return f"[{title.lower()}](#{title.lower().replace(' ', '-')})"


def plural(word):
    return word if "`" in word or word.endswith("s") else word + "s"


def main(words=None):
    parser = argparse.ArgumentParser()
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--out", type=pathlib.Path)
    mode.add_argument("--check", type=pathlib.Path)
    parser.add_argument("schema", type=pathlib.Path)
    arguments = parser.parse_args(words)
    writer = Writer(json.loads(arguments.schema.read_text()))
    text = writer.write()
    for path in writer.undescribed:
        print(f"{arguments.schema}: {path} has no description", file=sys.stderr)
    if writer.undescribed:
        return 1
    if arguments.out:
        arguments.out.write_text(text)
        return 0
    if arguments.check.read_text() == text:
        return 0
    print(f"{arguments.check}: not what the schema says; run tools/document_config.py --out docs/configuration.md "
          "config/schema/weir.schema.json", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
