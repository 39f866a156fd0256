"""Reads config/signals/*.yaml and writes them as the constant tables of include/weir/providers/signal_tables.hpp.

Part of compile_presets.py, which reads the files and tells what is wrong with them.
"""

CLASSES = ("ok", "rate_limited", "quota_exhausted", "request_too_large", "context_too_long", "not_on_plan", "concurrency",
           "upstream_rate_limited", "capacity", "payment_required", "auth", "auth_or_quota_ambiguous",
           "auth_or_client_blocked", "client_blocked", "model_unavailable", "provider_gone", "invalid_request",
           "server_error")
COUNTED = ("unknown", "requests", "tokens", "input_tokens", "output_tokens", "concurrent_requests", "calls",
           "prompt_tokens", "generated_tokens", "cache_adjusted_prompt_tokens", "audio_seconds", "neurons",
           "credits_usd", "usage")
SPANS = ("none", "second", "minute", "hour", "session", "day", "week", "month")
WAIT_RULES = ("next_minute_boundary", "next_midnight_utc", "next_midnight_pacific", "next_month_utc", "ladder")
SCOPES = ("request", "model", "key", "account", "account+model", "account-free-pool", "org", "org+model", "project",
          "project+model", "upstream-model", "provider", "client")
REQUESTED = {"prompt+max_tokens": "prompt_plus_max_tokens"}
HEADER = r"[a-z][a-z0-9-]*"
NAME = r"[a-z0-9][a-z0-9._-]*"
WAIT = r"[0-9]{1,6}(ms|s|m|h)"
WAIT_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours"}
MATCH = ("status", "code", "phrase", "untyped")


def read_match(value, members):
    if not any(word in members for word in MATCH):
        value.wrong(f"expected at least one of {', '.join(MATCH)}")
    return {
        "status": members["status"].count(100) if "status" in members else 0,
        "code": members["code"].text(r"[^A-Z]+", "a code in lower case") if "code" in members else "",
        "phrase": members["phrase"].text(r"[^A-Z]+", "words in lower case") if "phrase" in members else "",
        "untyped": members["untyped"].yes_or_no() if "untyped" in members else False,
    }


def read_span(members):
    return members["per"].choice(SPANS) if "per" in members else "unknown"


def read_scope(members):
    return members["scope"].choice(SCOPES) if "scope" in members else ""


def read_rule(value):
    members = value.mapping(("class",), MATCH + ("counts", "per", "limit", "spent", "wait", "scope", "note"))
    if ("counts" in members) != ("per" in members):
        value.wrong('"counts" and "per" belong together')
    return {
        "match": read_match(value, members),
        "class": members["class"].choice(CLASSES[1:]) if "class" in members else None,
        "counts": members["counts"].choice(COUNTED[1:]) if "counts" in members else "unknown",
        "per": read_span(members),
        "limit": members["limit"].text(r"[0-9]{1,9}(\.[0-9]{1,6})?", "a number") if "limit" in members else "-1",
        "spent": members["spent"].yes_or_no() if "spent" in members else False,
        "wait": members["wait"].text(WAIT, "a length such as 2s") if "wait" in members else None,
        "scope": read_scope(members),
        "note": members["note"].text() if "note" in members else "",
    }


def read_scope_rule(value):
    members = value.mapping(("scope",), MATCH + ("class", "per"))
    if set(members) & set(MATCH):
        match = read_match(value, members)
    else:
        match = {"status": 0, "code": "", "phrase": "", "untyped": False}
    return {"match": match, "class": members["class"].choice(CLASSES) if "class" in members else None,
            "per": read_span(members), "scope": read_scope(members)}


def read_wait(value):
    members = value.mapping(("rule",), ("per", "over_hints"))
    return {"per": read_span(members), "rule": members["rule"].choice(WAIT_RULES) if "rule" in members else None,
            "over_hints": members["over_hints"].yes_or_no() if "over_hints" in members else False}


def read_signals(root, read_headers):
    """One file. read_headers is compile_presets' own: the section is the same."""
    members = root.mapping(("name", "source", "checked"),
                           ("also_called", "headers", "bare_headers_per", "scope", "refusal_scope", "stream_scope",
                            "retry_after", "requested", "cost_header", "rules", "scopes", "waits"))
    name = members["name"].text(NAME, "a name in lower case") if "name" in members else None
    if name is not None and name != root.file.stem:
        members["name"].wrong(f"the file is called {root.file.name}")
    if "source" in members:
        members["source"].url()
    if "checked" in members:
        members["checked"].date()
    scopes = {word: members[word].choice(SCOPES) if word in members else ""
              for word in ("scope", "refusal_scope", "stream_scope")}
    lists = {word: [read(item) for item in members[word].items()] if word in members else []
             for word, read in (("rules", read_rule), ("scopes", read_scope_rule), ("waits", read_wait))}
    return {
        "name": name,
        "also_called": [item.text(NAME, "a name in lower case") for item in members["also_called"].items()]
                       if "also_called" in members else [],
        "headers": read_headers(members["headers"]) if "headers" in members else [],
        "bare": members["bare_headers_per"].choice(SPANS) if "bare_headers_per" in members else "unknown",
        "retry_after": members["retry_after"].choice(("exact", "at_most")) if "retry_after" in members else "exact",
        "requested": members["requested"].choice(REQUESTED) if "requested" in members else None,
        "cost_header": members["cost_header"].text(HEADER, "a header's name in lower case")
                       if "cost_header" in members else "",
        "scope": scopes["scope"], "refusal_scope": scopes["refusal_scope"], "stream_scope": scopes["stream_scope"],
        "rules": lists["rules"], "scopes": lists["scopes"], "waits": lists["waits"],
    }


def bare(name):
    """The signals of a preset that has no file of them."""
    return {"name": name, "also_called": [], "headers": [], "bare": "unknown", "retry_after": "exact", "requested": None,
            "cost_header": "", "scope": "", "refusal_scope": "", "stream_scope": "", "rules": [], "scopes": [], "waits": []}


def span(unit):
    return f"{{Span::Unit::{unit}}}"


def duration(text):
    if text is None:
        return "Duration(-1)"
    unit = text.lstrip("0123456789")
    return f"std::chrono::{WAIT_UNITS[unit]}({text[:-len(unit)]})"


def match(matched, quoted):
    return (f'{{{matched["status"]}, {quoted(matched["code"])}, {quoted(matched["phrase"])}, '
            f'{str(matched["untyped"]).lower()}}}')


def rule_row(rule, quoted):
    return (f'{{{match(rule["match"], quoted)}, AnswerClass::{rule["class"]}, '
            f'{{Counted::{rule["counts"]}, {span(rule["per"])}}}, {rule["limit"]}, {str(rule["spent"]).lower()}, '
            f'{duration(rule["wait"])}, {quoted(rule["scope"])}, {quoted(rule["note"])}}}')


def scope_row(rule, quoted):
    answer_class = f'AnswerClass::{rule["class"]}' if rule["class"] else "std::nullopt"
    return f'{{{match(rule["match"], quoted)}, {answer_class}, {span(rule["per"])}, {quoted(rule["scope"])}}}'


def wait_row(rule):
    return f'{{{span(rule["per"])}, WaitRule::{rule["rule"]}, {str(rule["over_hints"]).lower()}}}'


def row(tables, hint, signals, quoted):
    """One Signals; its arrays go to the tables."""
    names = tables.array("std::string_view", f"{hint}AlsoCalled", [quoted(name) for name in signals["also_called"]])
    rules = tables.array("SignalRule", f"{hint}Rules", [rule_row(rule, quoted) for rule in signals["rules"]])
    scopes = tables.array("ScopeRule", f"{hint}Scopes", [scope_row(rule, quoted) for rule in signals["scopes"]])
    waits = tables.array("WaitDefault", f"{hint}Waits", [wait_row(rule) for rule in signals["waits"]])
    return (f'{{{quoted(signals["name"])}, {names}, {tables.headers(hint + "Signal", signals["headers"])}, '
            f'{span(signals["bare"])},\n     {quoted(signals["scope"])}, {quoted(signals["refusal_scope"])}, '
            f'{quoted(signals["stream_scope"])}, RetryAfter::{signals["retry_after"]}, '
            f'Requested::{REQUESTED.get(signals["requested"], "unknown")}, {quoted(signals["cost_header"])},\n'
            f'     {rules}, {scopes}, {waits}}}')
