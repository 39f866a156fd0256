#!/usr/bin/python3
"""Checks config/presets/*.yaml and writes them as constant C++ tables (include/weir/providers/preset.hpp).

Usage: compile_presets.py --out FILE.cpp PRESET.yaml ... --signals SIGNALS.yaml ...
Without --out it only checks. docs/adding-a-provider.md says what each word means. All problems are told in one run,
each as "file:line:column: error: path: what is wrong", and then the exit code is 1 and nothing is written.
"""

import argparse
import datetime
import pathlib
import re
import sys

import yaml

import preset_dialect
import preset_signals
from preset_tables import render

# The short names of limits: dimension, period.
SHORT_LIMITS = {
    "rps": ("requests", "second"), "rpm": ("requests", "minute"), "rph": ("requests", "hour"),
    "rpd": ("requests", "day"), "rpmo": ("requests", "month"),
    "tpm": ("tokens", "minute"), "tph": ("tokens", "hour"), "tpd": ("tokens", "day"), "tpmo": ("tokens", "month"),
    "itpm": ("input_tokens", "minute"), "otpm": ("output_tokens", "minute"),
}
DIMENSIONS = ("requests", "tokens", "input_tokens", "output_tokens")
WINDOWS = ("sliding", "fixed", "first_use", "calendar", "refill", "interval", "credit")
NAMED_PERIODS = {
    "second": "quota::kSecondPeriod", "minute": "quota::kMinutePeriod", "hour": "quota::kHourPeriod",
    "day": "quota::kDayPeriod", "month": "quota::kMonthPeriod",
}
PERIOD_UNITS = {"s": "std::chrono::seconds", "m": "std::chrono::minutes", "h": "std::chrono::hours"}
RESET_FORMATS = ("seconds", "go_duration", "unix_s", "unix_ms", "rfc3339")
CAPABILITIES = {"tools": 1, "images": 2, "json_schema": 4, "reasoning": 8}
BILLINGS = ("free", "trial", "paid")
ENDPOINTS = (
    "chat/completions", "completions", "fim/completions", "responses", "messages", "embeddings", "rerank", "moderations",
    "images/generations", "audio/transcriptions", "audio/translations", "audio/speech", "batches", "files", "models",
)
# Does it train on prompts, or say that it may?
TRAININGS = {"true": "yes", "false": "no", "unknown": "unknown"}
STREAM_USAGES = ("ask", "always", "never")
CHARGED_TOKENS = {"usage": "usage", "prompt+max_tokens": "prompt_plus_max_tokens", "input": "input"}
COUNT_UNITS = {"": 1, "k": 1_000, "M": 1_000_000, "B": 1_000_000_000}
COUNT_MAX = 10**15
ALIASES_MAX = 10_000  # nodes of one file with its aliases followed, so that no file expands without end


class Problems:
    """What is wrong, in all files."""

    def __init__(self):
        self.lines = []

    def add(self, file, mark, path, message):
        where = f"{path}: " if path else ""
        self.lines.append((str(file), mark.line + 1, mark.column + 1, f"{where}{message}"))

    def report(self):
        for file, line, column, text in sorted(set(self.lines)):
            print(f"{file}:{line}:{column}: error: {text}", file=sys.stderr)
        return bool(self.lines)


class Value:
    """A YAML node with its place, read by the type that is expected. A wrong one is a problem and reads as None."""

    def __init__(self, node, file, path, problems):
        self.node, self.file, self.path, self.problems = node, file, path, problems

    def wrong(self, message):
        self.problems.add(self.file, self.node.start_mark, self.path, message)

    def child(self, node, name):
        return Value(node, self.file, f"{self.path}.{name}" if self.path else str(name), self.problems)

    def entries(self):
        """Name and value of each member of a mapping, duplicates refused."""
        if not isinstance(self.node, yaml.MappingNode):
            self.wrong("expected a mapping")
            return []
        seen, members = set(), []
        for key, value in self.node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                self.problems.add(self.file, key.start_mark, self.path, "expected a plain name (merge keys are not read)")
                continue
            if key.value in seen:
                self.problems.add(self.file, key.start_mark, self.path, f'"{key.value}" stands here twice')
                continue
            seen.add(key.value)
            members.append((key, self.child(value, key.value)))
        return members

    def mapping(self, required, optional=()):
        """The members of a mapping by name; unknown and missing ones are problems."""
        members = {}
        known = tuple(required) + tuple(optional)
        for key, value in self.entries():
            if key.value in known:
                members[key.value] = value
            else:
                self.problems.add(self.file, key.start_mark, self.path,
                                  f'unknown word "{key.value}"; known here: {", ".join(known)}')
        for name in required:
            if name not in members and isinstance(self.node, yaml.MappingNode):
                self.wrong(f'"{name}" is missing')
        return members

    def items(self):
        if not isinstance(self.node, yaml.SequenceNode):
            self.wrong("expected a list")
            return []
        return [self.child(node, index) for index, node in enumerate(self.node.value)]

    def text(self, pattern=r".+", what="a text"):
        if not isinstance(self.node, yaml.ScalarNode):
            self.wrong(f"expected {what}")
            return None
        if not re.fullmatch(pattern, self.node.value):
            self.wrong(f'expected {what}, got "{self.node.value}"')
            return None
        return self.node.value

    def choice(self, words):
        text = self.text()
        if text is not None and text not in words:
            self.wrong(f'unknown word "{text}"; known here: {", ".join(words)}')
            return None
        return text

    def count(self, least=0):
        text = self.text(r"[0-9]+[kMB]?", "a count")
        if text is None:
            return None
        unit = text[-1] if text[-1] in "kMB" else ""
        number = int(text[:len(text) - len(unit)]) * COUNT_UNITS[unit]
        if not least <= number <= COUNT_MAX:
            self.wrong(f"expected a count from {least} to {COUNT_MAX}, got {number}")
            return None
        return number

    def yes_or_no(self):
        text = self.choice(("true", "false"))
        return None if text is None else text == "true"

    def count_or_unknown(self, least):
        """0 where it is unknown."""
        if isinstance(self.node, yaml.ScalarNode) and self.node.value == "unknown":
            return 0
        return self.count(least)

    def date(self):
        text = self.text(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "a date such as 2026-09-12")
        try:
            if text is not None:
                datetime.date.fromisoformat(text)
            return text
        except ValueError:
            self.wrong(f'no such day: "{text}"')
            return None

    def url(self):
        return self.text(r"https?://[^\s/][^\s]*", "a URL")


def read_period(value):
    """As C++. A name or a length such as 10s."""
    text = value.text(r"second|minute|hour|day|month|[1-9][0-9]{0,5}[smh]", "second, minute, hour, day, month or 10s")
    if text is None or text in NAMED_PERIODS:
        return text, NAMED_PERIODS.get(text)
    return text, f"{{quota::Period::Unit::span, {PERIOD_UNITS[text[-1]]}({text[:-1]})}}"


def read_window(value, members, per):
    """The window kind and zone of one limit. A calendar needs a civil period and a zone, nothing else has one."""
    window = members["window"].choice(WINDOWS) if "window" in members else "sliding"
    zone = members["zone"].text(r"[A-Za-z0-9_+/-]+", "a zone such as America/Los_Angeles") if "zone" in members else None
    if window == "credit" and per is not None:
        value.wrong("a credit has no period; it stands under other, without per")
    if window == "calendar":
        if zone is None and "zone" not in members:
            value.wrong('a calendar window needs its "zone"')
        if per not in ("day", "month", None):
            value.wrong(f"a calendar window is a day or a month, not {per}")
    elif "zone" in members and window is not None:
        value.wrong("only a calendar window has a zone")
    return window, zone or "UTC"


def read_short_limit(name, value):
    dimension, per = SHORT_LIMITS[name]
    members = {}
    if isinstance(value.node, yaml.MappingNode):
        members = value.mapping(("limit",), ("window", "zone"))
        amount = members["limit"].count() if "limit" in members else None
    else:
        amount = value.count()
    window, zone = read_window(value, members, per)
    return {"dimension": dimension, "amount": amount, "per": per, "period": NAMED_PERIODS[per], "window": window,
            "zone": zone, "models": ()}


def read_other_limit(value):
    """{requests: 20, per: minute, window: fixed, models: ["*:free"]}"""
    members = value.mapping((), DIMENSIONS + ("per", "window", "zone", "models"))
    named = [dimension for dimension in DIMENSIONS if dimension in members]
    if len(named) != 1:
        value.wrong(f"expected exactly one of {', '.join(DIMENSIONS)}")
    per, period = read_period(members["per"]) if "per" in members else (None, None)
    window, zone = read_window(value, members, per)
    if window == "credit":
        per, period = "", "quota::kMonthPeriod"
    elif "per" not in members and isinstance(value.node, yaml.MappingNode):
        value.wrong('"per" is missing')
    models = tuple(item.text() for item in members["models"].items()) if "models" in members else ()
    return {"dimension": named[0] if named else None, "amount": members[named[0]].count() if named else None,
            "per": per, "period": period, "window": window, "zone": zone, "models": models}


def read_limits(value):
    """A block of limits with where and when they were read."""
    members = value.mapping(("source", "checked"), tuple(SHORT_LIMITS) + ("concurrency", "other", "note"))
    block = {"source": members["source"].url() if "source" in members else None,
             "as_of": members["checked"].date() if "checked" in members else None,
             "note": members["note"].text() if "note" in members else ""}
    limits = [read_short_limit(name, members[name]) for name in SHORT_LIMITS if name in members]
    if "concurrency" in members:
        limits.append({"dimension": "in_flight", "amount": members["concurrency"].count(1), "per": "",
                       "period": "quota::kMinutePeriod", "window": "concurrency", "zone": "UTC", "models": ()})
    if "other" in members:
        limits += [read_other_limit(item) for item in members["other"].items()]
    if not limits:
        value.wrong("no limit stands here")
    places = [(limit["dimension"], limit["per"], limit["models"]) for limit in limits]
    for place in sorted({str(place) for place in places if places.count(place) > 1}):
        value.wrong(f"two limits of the same window: {place}")
    return [limit | block for limit in limits]


def read_headers(value):
    """One entry a window; each names up to three headers."""
    rules, seen = [], set()
    for item in value.items():
        members = item.mapping(("dimension", "per"), ("limit", "remaining", "reset", "reset_format"))
        dimension = members["dimension"].choice(DIMENSIONS) if "dimension" in members else None
        _, period = read_period(members["per"]) if "per" in members else (None, None)
        if ("reset" in members) != ("reset_format" in members):
            item.wrong('"reset" and "reset_format" belong together')
        fields = [name for name in ("limit", "remaining", "reset") if name in members]
        if not fields:
            item.wrong("no header stands here")
        for field in fields:
            header = members[field].text(r"[a-z0-9-]+", "a header name in lower case")
            if header in seen:
                members[field].wrong(f'"{header}" stands in two rules')
            seen.add(header)
            reset = field == "reset" and "reset_format" in members
            rules.append({"header": header, "dimension": dimension, "period": period, "field": field,
                          "format": members["reset_format"].choice(RESET_FORMATS) if reset else "count"})
    return rules


def read_charge(value):
    members = value.mapping(("tokens",), ("default_max_tokens", "settle", "failures", "cached"))
    return {
        "tokens": CHARGED_TOKENS.get(members["tokens"].choice(tuple(CHARGED_TOKENS)) if "tokens" in members else None),
        "settle": members["settle"].choice(("usage", "admission")) if "settle" in members else "usage",
        "default_max_tokens": members["default_max_tokens"].count() if "default_max_tokens" in members else 0,
        "failures": members["failures"].yes_or_no() if "failures" in members else False,
        "cached_free": members["cached"].choice(("free", "full")) == "free" if "cached" in members else False,
    }


def read_training(value):
    """Whether prompts are trained on: a word, or {answer: true, source: URL, checked: DATE} where the preset's own
    source doesn't say it."""
    if not isinstance(value.node, yaml.MappingNode):
        return {"answer": TRAININGS.get(value.choice(tuple(TRAININGS))), "source": "", "as_of": ""}
    members = value.mapping(("answer", "source", "checked"))
    return {"answer": TRAININGS.get(members["answer"].choice(tuple(TRAININGS))) if "answer" in members else None,
            "source": members["source"].url() if "source" in members else None,
            "as_of": members["checked"].date() if "checked" in members else None}


def read_model(key, value):
    members = value.mapping(("context", "max_output", "capabilities", "billing"),
                            ("id", "family", "trains_on_prompts", "source", "checked", "note", "limits"))
    if ("source" in members) != ("checked" in members):
        value.wrong('"source" and "checked" belong together')
    if "source" in members and "checked" in members:
        members["source"].url()
        members["checked"].date()
    words = [item.choice(tuple(CAPABILITIES)) for item in members["capabilities"].items()] \
        if "capabilities" in members else []
    name = value.child(key, "name").text(r"[^\s\"\\]+", "a model name without spaces")
    context = members["context"].count(1) if "context" in members else None
    max_output = members["max_output"].count_or_unknown(1) if "max_output" in members else 0
    if context and max_output and max_output > context:
        members["max_output"].wrong(f"more than the context of {context}")
    return {
        "name": name,
        "id": members["id"].text() if "id" in members else "",
        "family": members["family"].text(r"[a-z0-9.-]+", "a family name") if "family" in members else "",
        "context": context,
        "max_output": max_output,
        "capabilities": sum({CAPABILITIES[word] for word in words if word is not None}),
        "billing": members["billing"].choice(BILLINGS) if "billing" in members else None,
        "training": read_training(members["trains_on_prompts"]) if "trains_on_prompts" in members else None,
        "note": members["note"].text() if "note" in members else "",
        "limits": read_limits(members["limits"]) if "limits" in members else [],
    }


def read_models(value):
    models, ids = [], set()
    for key, member in value.entries():
        model = read_model(key, member)
        upstream = model["id"] or model["name"]
        if upstream in ids:
            member.wrong(f'two models have the id "{upstream}"')
        ids.add(upstream)
        models.append(model)
    return models


def read_plan_models(value, models):
    """Each model's own limits under a plan, by the model's name or a pattern; the first that fits a model counts."""
    limits = {}
    for key, block in value.entries():
        pattern = ".*".join(re.escape(part) for part in key.value.split("*"))
        fitting = [model["name"] for model in models if model["name"] and re.fullmatch(pattern, model["name"])]
        if not fitting:
            value.problems.add(value.file, key.start_mark, value.path, f'no model is named "{key.value}"')
        own = read_limits(block)
        limits |= {name: own for name in fitting if name not in limits}
    return limits


def read_plan(key, value, models):
    """A plan says all limits of the accounts that have it: a model it doesn't name has none of its own."""
    members = value.mapping((), ("note", "limits", "models"))
    if isinstance(value.node, yaml.MappingNode) and "limits" not in members and "models" not in members:
        value.wrong("no limit stands here")
    return {
        "name": value.child(key, "name").text(r"[a-z][a-z0-9_]*", "a plan name"),
        "note": members["note"].text() if "note" in members else "",
        "limits": read_limits(members["limits"]) if "limits" in members else [],
        "models": read_plan_models(members["models"], models) if "models" in members else {},
    }


def read_plans(members, models):
    """The account's limits and the plans. A default plan's limits become those of the account and of the models."""
    limits = read_limits(members["limits"]) if "limits" in members else []
    plans = [read_plan(key, value, models) for key, value in members["plans"].entries()] if "plans" in members else []
    if "default_plan" not in members:
        return limits, plans
    if not plans:
        members["default_plan"].wrong("there are no plans")
        return limits, plans
    if limits or any(model["limits"] for model in models):
        members["default_plan"].wrong("where a plan is the default, all limits stand under plans")
    name = members["default_plan"].choice(tuple(plan["name"] for plan in plans))
    default = next((plan for plan in plans if plan["name"] == name), plans[0])
    for model in models:
        model["limits"] = default["models"].get(model["name"], [])
    return default["limits"], plans


# A name in braces is a variable of the environment: part of the address is the account's.
BASE_URL = r"https?://[^\s/{}]+(/([^\s/{}]|\{[A-Z][A-Z0-9_]*\})+)*"


def read_preset(root):
    members = root.mapping(("name", "title", "source", "checked", "endpoints", "trains_on_prompts", "stream_usage",
                            "charge"),
                           ("base_url", "key_variables", "models", "limits", "default_plan", "plans", "headers",
                            "notes", "dialect"))
    name = members["name"].text(r"[a-z][a-z0-9_]*", "a name in lower case") if "name" in members else None
    if name is not None and name != root.file.stem:
        members["name"].wrong(f"the file is called {root.file.name}")
    models = read_models(members["models"]) if "models" in members else []
    limits, plans = read_plans(members, models)
    dialect = preset_dialect.read_dialect(members["dialect"]) if "dialect" in members else []
    if any("stream_options" in rule["names"] for rule in dialect if rule["edit"] == "drop") and \
            "stream_usage" in members and members["stream_usage"].text() == "ask":
        members["dialect"].wrong("stream_options can't be dropped where stream_usage asks by them")
    return {
        "name": name,
        "title": members["title"].text() if "title" in members else None,
        "source": members["source"].url() if "source" in members else None,
        "as_of": members["checked"].date() if "checked" in members else None,
        "notes": [item.text() for item in members["notes"].items()] if "notes" in members else [],
        "base_url": members["base_url"].text(BASE_URL, "a URL without a slash at its end, variables as {NAME}")
                    if "base_url" in members else "",
        "key_variables": [item.text(r"[A-Z][A-Z0-9_]*", "an environment variable")
                          for item in members["key_variables"].items()] if "key_variables" in members else [],
        "endpoints": [item.choice(ENDPOINTS) for item in members["endpoints"].items()]
                     if "endpoints" in members else [],
        "training": read_training(members["trains_on_prompts"]) if "trains_on_prompts" in members else None,
        "models": models,
        "limits": limits,
        "plans": plans,
        "headers": read_headers(members["headers"]) if "headers" in members else [],
        "charge": read_charge(members["charge"]) if "charge" in members else None,
        "dialect": dialect,
        "stream_usage": members["stream_usage"].choice(STREAM_USAGES) if "stream_usage" in members else None,
    }


def size_of(node, limit):
    """Nodes under this one with aliases followed; stops counting behind `limit`."""
    todo, count = [node], 0
    while todo and count <= limit:
        node = todo.pop()
        count += 1
        if isinstance(node, yaml.MappingNode):
            todo += [child for pair in node.value for child in pair]
        elif isinstance(node, yaml.SequenceNode):
            todo += node.value
    return count


def load(file, problems, read):
    start = yaml.Mark(str(file), 0, 0, 0, None, None)
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        mark = getattr(error, "problem_mark", None) or start
        problems.add(file, mark, "", getattr(error, "problem", None) or str(error))
        return None
    if node is None:
        problems.add(file, start, "", "the file is empty")
        return None
    if size_of(node, ALIASES_MAX) > ALIASES_MAX:
        problems.add(file, start, "", "too large with its aliases followed")
        return None
    return read(Value(node, file, "", problems))


def load_all(files, problems, read):
    """Those that are whole, by name; two of one name are a problem."""
    loaded = []
    for file in sorted(files, key=lambda path: path.name):
        one = load(file, problems, read)
        if one is None:
            continue
        if one["name"] in (other["name"] for other in loaded):
            problems.add(file, yaml.Mark(str(file), 0, 0, 0, None, None), "name", "another file has this name")
        loaded.append(one)
    return sorted(loaded, key=lambda one: str(one["name"]))


def check_names(signals, problems):
    """A name that is also another's would never be found."""
    names = {one["name"] for one in signals}
    start = yaml.Mark("", 0, 0, 0, None, None)
    for one in signals:
        for name in one["also_called"]:
            if name in names:
                problems.add(f"config/signals/{one['name']}.yaml", start, "also_called", f'"{name}" is another\'s name')
            names.add(name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--signals", nargs="*", default=[], type=pathlib.Path)
    arguments = parser.parse_args()
    problems = Problems()
    presets = load_all(arguments.files, problems, read_preset)
    signals = load_all(arguments.signals, problems,
                       lambda root: preset_signals.read_signals(root, read_headers))
    check_names(signals, problems)
    if problems.report():
        return 1
    if arguments.out:
        arguments.out.write_text(render(presets, signals), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
