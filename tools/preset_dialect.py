"""Reads the dialect of a preset and writes it as the constant tables of include/weir/providers/dialect.hpp.

Part of compile_presets.py, which reads the files and tells what is wrong with them.
"""

import json

import yaml

NAME = r"[A-Za-z_$][A-Za-z0-9_$]*"
# What no rule may take away: without it nothing is asked.
NEEDED = ("model", "messages", "stream")
ROLES = ("system", "developer", "user", "assistant", "tool")


def names_of(value):
    return [item.text(NAME, "a name") for item in value.items()]


def pairs_of(value, pattern=NAME, what="a name"):
    return [(key.value, member.text(pattern, what)) for key, member in value.entries()]


def as_json(node):
    """The JSON of a YAML node; text that JSON knows as a number or a word is that."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: as_json(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [as_json(item) for item in node.value]
    return yaml.safe_load(node.value) if node.style is None else node.value


def json_pairs(value):
    return [(key.value, json.dumps(as_json(member.node), separators=(",", ":"))) for key, member in value.entries()]


def not_needed(value, names):
    for name in names:
        if name in NEEDED:
            value.wrong(f'"{name}" can\'t be taken away')
    return names


def one(edit, subject="", names=(), pairs=()):
    return {"edit": edit, "subject": subject, "names": list(names), "pairs": list(pairs)}


def read_clamp(key, value):
    bounds = [item.text(r"-?[0-9]+(\.[0-9]+)?", "a number") for item in value.items()]
    if len(bounds) != 2 or None in bounds or float(bounds[0]) > float(bounds[1]):
        value.wrong("expected two numbers, the least first")
        bounds = ["0", "0"]
    return one("clamp", key.value, pairs=[tuple(bounds)])


def read_only(value):
    names = names_of(value)
    for name in NEEDED:
        if name not in names:
            value.wrong(f'"{name}" is missing')
    return [one("only", names=names)]


def read_messages(value):
    members = value.mapping((), ("drop", "of", "only", "rename"))
    if len(set(members) - {"of"}) != 1 or ("of" in members and "drop" not in members):
        value.wrong("expected one of drop (with of, where only some roles are meant), only, rename")
        return []
    if "drop" in members:
        roles = [item.choice(ROLES) for item in members["of"].items()] if "of" in members else [""]
        return [one("message_drop", pairs=[(name, role) for name in names_of(members["drop"]) for role in roles])]
    if "only" in members:
        return [one("message_only", names=names_of(members["only"]))]
    return [one("message_rename", pairs=pairs_of(members["rename"]))]


def read_tool_calls(value):
    members = value.mapping((), ("only", "function_only", "add", "ids"))
    rules = []
    if "only" in members:
        rules.append(one("tool_call_only", names=names_of(members["only"])))
    if "function_only" in members:
        rules.append(one("call_function_only", names=names_of(members["function_only"])))
    if "add" in members:
        rules.append(one("tool_call_add", pairs=json_pairs(members["add"])))
    if "ids" in members:
        members["ids"].choice(("nine_alphanumeric",))
        rules.append(one("tool_call_ids"))
    return rules


def read_tools(value):
    members = value.mapping((), ("drop", "drop_in_schema"))
    return [one(edit, names=names_of(members[word]))
            for word, edit in (("drop", "function_drop"), ("drop_in_schema", "schema_drop")) if word in members]


READERS = {
    "rename": lambda value: [one("rename", pairs=pairs_of(value))],
    "drop": lambda value: [one("drop", names=not_needed(value, names_of(value)))],
    "drop_empty": lambda value: [one("drop_empty", names=not_needed(value, names_of(value)))],
    "only": read_only,
    "clamp": lambda value: [read_clamp(key, member) for key, member in value.entries()],
    "map": lambda value: [one("map", key.value, pairs=pairs_of(member, r"[A-Za-z0-9_-]+", "a word"))
                          for key, member in value.entries()],
    "accept": lambda value: [one("accept", key.value, names=[item.text(r"[A-Za-z0-9_.-]+", "a word or a number")
                                                             for item in member.items()])
                             for key, member in value.entries()],
    "add": lambda value: [one("add", pairs=json_pairs(value))],
    "roles": lambda value: [one("role", pairs=[(key.value, member.choice(ROLES + ("user_text",)))
                                               for key, member in value.entries()])],
    "messages": read_messages,
    "tool_calls": read_tool_calls,
    "tools": read_tools,
}


def read_rule(value):
    members = value.mapping((), tuple(READERS) + ("models",))
    words = [word for word in READERS if word in members]
    if len(words) != 1:
        value.wrong(f"expected exactly one of {', '.join(READERS)}")
        return []
    models = [item.text() for item in members["models"].items()] if "models" in members else []
    return [rule | {"models": models} for rule in READERS[words[0]](members[words[0]])]


def read_dialect(value):
    members = value.mapping(("source", "checked", "rules"), ("note",))
    if "source" in members:
        members["source"].url()
    if "checked" in members:
        members["checked"].date()
    if "note" in members:
        members["note"].text()
    return [rule for item in members["rules"].items() for rule in read_rule(item)] if "rules" in members else []


def rows(tables, hint, rules, quoted):
    """The rules of one preset; their arrays go to the tables."""
    lines = []
    for index, rule in enumerate(rules):
        name = f"{hint}Dialect{index}"
        models = tables.array("std::string_view", f"{name}Models", [quoted(glob) for glob in rule["models"]])
        names = tables.array("std::string_view", f"{name}Names", [quoted(word) for word in rule["names"]])
        pairs = tables.array("NamePair", f"{name}Pairs",
                             [f"{{{quoted(old)}, {quoted(new)}}}" for old, new in rule["pairs"]])
        lines.append(f'{{DialectEdit::{rule["edit"]}, {models}, {quoted(rule["subject"])}, {names}, {pairs}}}')
    return tables.array("DialectRule", f"{hint}Dialect", lines)
