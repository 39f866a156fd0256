#!/usr/bin/python3
"""Writes docs/providers.md: what config/presets/*.yaml say, for people.

Usage: document_presets.py --out FILE.md PRESET.yaml ...
       document_presets.py --check FILE.md PRESET.yaml ...
With --check nothing is written; the exit code is 1 where the file isn't what would be written.
"""

import argparse
import pathlib
import sys

from compile_presets import CAPABILITIES, Problems, load, read_preset

HEAD = """\
<!-- Written by tools/document_presets.py from config/presets; edit those. -->
# Providers

What weir knows of each provider before it has asked it anything. Limits change, so take every number here for a starting
guess with a date: what an answer says replaces it, and `limits:` in weir.yaml replaces it too. `weir check
--print-effective` shows what is in effect, and the date of each number that came from here.

- **Billing**: `free` costs nothing; `trial` uses up a credit that ends or is counted in money; `paid` costs money. `auto`,
  families and a start without a configuration use free models only.
- **Trains on prompts**: yes where the provider says that it does or may. Unknown is unknown, not no.
- **Windows**: *sliding* is at most so many in any interval of that length (also where nobody knows); *fixed* is aligned to
  the clock; *calendar* is a civil day or month; *refill* is a bucket that fills continuously.
- **Scope**: a limit of the *account* is shared by its models and all its keys; one *per model* is each model's own.
- **Plans** are chosen by `plan:` under the provider. A plan says all limits: those of the account and the models' own.
- Credits in money and computing units that differ by model have no limit here, since no answer counts them.

How to add or correct one: [adding-a-provider.md](adding-a-provider.md).
"""


def table(head, rows):
    lines = [head, ["---"] * len(head)] + rows
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def code(words):
    return ", ".join(f"`{word}`" for word in words)


def amount(limit):
    if limit["window"] == "concurrency":
        return f'{limit["amount"]:,} at once'
    what = limit["dimension"].replace("_", " ")
    what = what.removesuffix("s") if limit["amount"] == 1 else what
    if limit["window"] == "credit":
        return f'{limit["amount"]:,} {what}'
    return f'{limit["amount"]:,} {what} per {limit["per"]}'


def limit_text(limit):
    if limit["window"] == "concurrency":
        return amount(limit)
    window = f'calendar in {limit["zone"]}' if limit["window"] == "calendar" else limit["window"]
    return f"{amount(limit)}, {window}"


def scope(limit, models, every):
    """The account, a pool of some models in it, or the models that have the limit each for itself."""
    if models is not None:
        return "per model" if every else "per model: " + code(models)
    return f'account, over {code(limit["models"])}' if limit["models"] else "account"


def limit_rows(account, by_model, names):
    """Rows of the limits table and their notes. What has one scope, source and date shares a row."""
    groups = []
    for model, limits in by_model:
        same = next((group for group in groups if group[1] == limits), None)
        if same:
            same[0].append(model)
        else:
            groups.append(([model], limits))
    rows, notes = {}, []
    for models, limits in ([(None, account)] if account else []) + groups:
        for limit in limits:
            place = (scope(limit, models, models == names), limit["as_of"], f'[source]({limit["source"]})')
            rows.setdefault(place, []).append(limit_text(limit))
            if limit["note"] and limit["note"] not in notes:
                notes.append(limit["note"])
    return [[where, "<br>".join(texts), as_of, source] for (where, as_of, source), texts in rows.items()], notes


def limits_text(account, by_model, names):
    rows, notes = limit_rows(account, [entry for entry in by_model if entry[1]], names)
    if not rows:
        return ""
    return table(["Scope", "Limits", "As of", "Source"], rows) + "".join(f"\n{note}\n" for note in notes)


def trains(training):
    said = training["answer"]
    return f'{said} ({training["as_of"]}, [source]({training["source"]}))' if training["source"] else said


def charge_text(preset):
    charge = preset["charge"]
    text = {
        "usage": "What was used counts",
        "prompt_plus_max_tokens": "The prompt and max_tokens count at admission",
        "input": "Only the prompt counts",
    }[charge["tokens"]]
    if charge["default_max_tokens"]:
        text += f', {charge["default_max_tokens"]:,} where a request names none'
    if charge["tokens"] == "prompt_plus_max_tokens":
        text += "; what isn't used comes back" if charge["settle"] == "usage" else "; what isn't used is taken for spent"
    text += "; cached tokens are free" if charge["cached_free"] else ""
    return text + ("; refused requests count" if charge["failures"] else "")


def models_text(preset):
    rows = []
    for model in preset["models"]:
        words = [word for word, bit in CAPABILITIES.items() if model["capabilities"] & bit]
        name = f'`{model["name"]}`' + (f' (`{model["id"]}`)' if model["id"] else "")
        trains_on = (model["training"] or preset["training"])["answer"]
        rows.append([name, model["family"] or "–", f'{model["context"]:,}',
                     f'{model["max_output"]:,}' if model["max_output"] else "unknown", ", ".join(words) or "–",
                     model["billing"], trains_on])
    notes = [f'\n`{model["name"]}`: {model["note"]}\n' for model in preset["models"] if model["note"]]
    return table(["Model", "Family", "Context", "Max output", "Capabilities", "Billing", "Trains"], rows) + "".join(notes)


WORDS = {
    "drop": "left out", "drop_empty": "left out where empty", "message_drop": "left out of messages",
    "function_drop": "left out of tools", "schema_drop": "left out of tools' schemas",
}


def rule_text(rule):
    """One rule of a dialect in words."""
    edit, names, pairs = rule["edit"], rule["names"], rule["pairs"]
    becomes = ", ".join(f"`{old}` becomes `{new}`" for old, new in pairs)
    where = f' ({code(rule["models"])})' if rule["models"] else ""
    if edit == "message_drop":
        names = list(dict.fromkeys(name for name, _ in pairs))
        roles = list(dict.fromkeys(role for _, role in pairs if role))
        where += f" of {', '.join(roles)}" if roles else ""
    if edit in WORDS:
        return f"{WORDS[edit]}: {code(names)}{where}"
    if edit in ("only", "message_only", "tool_call_only", "call_function_only"):
        what = {"only": "parameters", "message_only": "of messages", "tool_call_only": "of their tool calls",
                "call_function_only": "of the functions called"}[edit]
        return f"nothing else of {what.removeprefix('of ')} is sent but {code(names)}{where}"
    return {
        "rename": becomes, "message_rename": f"in messages {becomes}",
        "clamp": f'`{rule["subject"]}` from {" to ".join(pairs[0]) if pairs else ""}',
        "map": f'`{rule["subject"]}`: {becomes}',
        "accept": f'`{rule["subject"]}` only as {code(names)}',
        "add": "where missing: " + ", ".join(f"`{name}: {value}`" for name, value in pairs),
        "role": ", ".join(f"`{old}` messages become " + ("text of the first user message" if new == "user_text" else f"`{new}`")
                          for old, new in pairs),
        "tool_call_add": "added to tool calls of other models: " + code([name for name, _ in pairs]),
        "tool_call_ids": "tool call ids become nine letters and digits, the same for the same id",
    }[edit] + where


def dialect_text(preset):
    lines = "\n".join(f"- {text[0].upper()}{text[1:]}" if text[0] != "`" else f"- {text}"
                      for text in map(rule_text, preset["dialect"]))
    return f"### How requests are adapted\n\n{lines}\n"


def section(preset):
    names = [model["name"] for model in preset["models"]]
    parts = [f'## {preset["title"]}\n']
    facts = [
        ["Preset", f'`{preset["name"]}`'],
        ["Base URL", f'`{preset["base_url"]}`' if preset["base_url"] else "yours"],
        ["Key", code(preset["key_variables"]) if preset["key_variables"] else "none needed"],
        ["Endpoints", code(preset["endpoints"])],
        ["Trains on prompts", trains(preset["training"])],
        ["Tokens", charge_text(preset)],
        ["Facts", f'{preset["as_of"]}, [source]({preset["source"]})'],
    ]
    parts.append(table(["", ""], facts))
    if preset["notes"]:
        parts.append("\n".join(f"- {note}" for note in preset["notes"]) + "\n")
    own = [(model["name"], model["limits"]) for model in preset["models"]]
    limits = limits_text(preset["limits"], own, names)
    parts.append("### Limits\n")
    parts.append(limits or "None is known.\n")
    for plan in preset["plans"]:
        is_default = plan["limits"] == preset["limits"] and plan["models"] == {
            name: limits for name, limits in own if limits}
        parts.append(f'**Plan `{plan["name"]}`**' + (" (default)" if is_default else "") +
                     (f': {plan["note"]}' if plan["note"] else "") + "\n")
        if not is_default:
            parts.append(limits_text(plan["limits"], list(plan["models"].items()), names))
    if preset["models"]:
        parts.append("### Models\n")
        parts.append(models_text(preset))
    if preset["dialect"]:
        parts.append(dialect_text(preset))
    return "\n".join(parts)


def overview(presets):
    rows = []
    for preset in presets:
        billings = sorted({model["billing"] for model in preset["models"]})
        rows.append([f'[{preset["title"]}](#{anchor(preset["title"])})', f'`{preset["name"]}`',
                     code(preset["key_variables"][:1]) or "–", str(len(preset["models"])), ", ".join(billings) or "–",
                     preset["training"]["answer"]])
    return table(["Provider", "Preset", "Key", "Models", "Billing", "Trains on prompts"], rows)


def anchor(title):
    """As GitHub makes it of a heading."""
    return "".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c in "-_")


def families(presets):
    places = {}
    for preset in presets:
        for model in preset["models"]:
            if model["family"]:
                places.setdefault(model["family"], []).append(f'`{preset["name"]}/{model["name"]}`')
    rows = [[f"`{family}`", ", ".join(models)] for family, models in sorted(places.items()) if len(models) > 1]
    return "## Families\n\nOne name for a model that several providers have.\n\n" + table(["Family", "Models"], rows)


def render(presets):
    presets = sorted(presets, key=lambda preset: preset["title"].lower())
    return "\n".join([HEAD, overview(presets), families(presets)] + [section(preset) for preset in presets])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--out", type=pathlib.Path)
    group.add_argument("--check", type=pathlib.Path)
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    problems = Problems()
    presets = [load(file, problems, read_preset) for file in sorted(arguments.files, key=lambda path: path.name)]
    if problems.report():
        return 1
    text = render(presets)
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    elif not arguments.check.exists() or arguments.check.read_text(encoding="utf-8") != text:
        print(f"{arguments.check}: not what the presets say; run tools/document_presets.py --out docs/providers.md "
              "config/presets/*.yaml", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
