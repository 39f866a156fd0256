#!/usr/bin/env python3
"""Holds every coroutine to the forms that g++ 12.2 compiles rightly: docs/coroutine-rules.md, as far as text tells.

Prints file:line: message for each breach and exits 1 if there is one.
"""

import re
import sys

from cpp_text import ROOT, blanked, line_of, sources, without_directives

COROUTINE_MODULES = {"net", "transport", "gateway", "pretend", "admin", "app"}

FORMS = "allowed: `co_await e;`, `const auto x = co_await e;`, `x = co_await e;`, `co_return co_await e;`"

# What may stand before co_await in its statement, control headers taken off.
_PREFIX = re.compile(
    r"(?:\(\s*void\s*\))?|co_return|"
    r"(?:const\s+)?[\w:]+(?:<[^=;]*>)?\s+(?:const\s+)?\w+\s*=|"  # a declaration by value: type name =
    r"[*]?[\w:]+(?:(?:\.|->)\w+|\[[^\]]*\])*\s*=")  # an assignment: lvalue =
_LAMBDA = re.compile(r"(?<![\w\])])\[([^\[\]]*)\]\s*(?:\([^()]*(?:\([^()]*\)[^()]*)*\))?\s*(?:mutable\s*)?(?:->[^{]*)?\{")
_LAMBDA_COROUTINE = re.compile(
    r"(?<![\w\])])\[([^\[\]]+)\]\s*(?:\([^()]*(?:\([^()]*\)[^()]*)*\))?\s*(?:mutable\s*)?->\s*(?:[\w:]*::)?[Aa]waitable\s*<")
_TEMPLATE_ARGUMENTS = re.compile(r"(?<=\w)<[\w:,\s<>*&]*>(?=\()")
_LOCK = re.compile(r"\b(?:lock_guard|scoped_lock|unique_lock|shared_lock)\b")
_DECLARED = re.compile(r"[Aa]waitable\s*<[^;{}()=]*>\s+(?:\w+::)*(\w+)\s*\(")
_SPAWN = re.compile(r"\bspawn\s*\(")
# A declaration by a ternary, and the types of which a copy has no life of its own.
_TERNARY = re.compile(r"(?:^|[;{}])\s*(?:const\s+)?([\w:]+(?:<[^=;]*>)?)[\s&*]+(?:const\s+)?\w+\s*=\s*([^;{}?]*)\?([^;]*);")
_SCALAR = re.compile(r"bool|char|int|unsigned|double|(?:std::)?(?:u?int\d+_t|size_t|string_view)|Duration|BootTime|WallTime|"
                     r"(?:\w+::)*(?:Kind|State|Step|Next|Direction|Got|Waited|Point|Priority)")


def check_source(path, text, elsewhere=None):
    """Breaches in one file, as (line, message). `elsewhere`: coroutine_parameters() of other files, which count where
    this file and its own header don't declare the name."""
    code = without_directives(blanked(text))
    found = []
    module = re.match(r"src/([a-z_]+)/", path)
    for match in re.finditer(r"\bco_await\b", code):
        line = line_of(code, match.start())
        if module and module.group(1) not in COROUTINE_MODULES:
            found.append((line, f"no coroutines in {module.group(1)}: deciding code is synchronous and takes `now`"))
        message = _shape(code, match.start(), match.end()) or _surroundings(code, match.start())
        if message:
            found.append((line, message))
    found += _ternaries(code)
    for match in _LAMBDA_COROUTINE.finditer(code):
        found.append((line_of(code, match.start()),
                      "a capturing lambda as coroutine: its captures die with the lambda; use a named function with "
                      "parameters by value"))
    declared = {**(elsewhere or {}), **coroutine_parameters([text])}
    return sorted(found + _spawned(path, code, declared))


def _shape(code, start, after):
    """What is wrong with the statement around this co_await, or nothing."""
    prefix = _statement_prefix(code, start)
    if prefix is None:
        return f"co_await in a condition, an argument or a sub-expression ({FORMS})"
    if not _PREFIX.fullmatch(prefix):
        return f"co_await behind `{prefix}` ({FORMS})"
    expression, ended = _awaited(code, after)
    if not ended:
        return f"co_await inside an initialiser or argument list ({FORMS})"
    plain = _TEMPLATE_ARGUMENTS.sub("", expression)
    lambda_ = _LAMBDA.search(plain)
    if lambda_ and lambda_.group(1).strip():
        return "a capturing lambda inside the awaited expression is destroyed twice: name it, then std::move it in"
    if "{" in plain:
        return "braces inside the awaited expression: the temporary is destroyed twice; name it first"
    if "?" in plain:
        return "a ternary inside the awaited expression: its temporary is destroyed twice; name it first"
    if re.search(r"&&|\|\||[=!<>]=|,|\s[-+*/%<>]\s", _top_level(plain)):
        return f"co_await as an operand: bind its result to a name ({FORMS})"
    return None


def _statement_prefix(code, start):
    """The text of the statement before this co_await; None where it stands inside parentheses or brackets."""
    depth = 0
    i = start - 1
    while i >= 0:
        c = code[i]
        if c in ")]":
            depth += 1
        elif c in "([":
            depth -= 1
            if depth < 0:
                return None
        elif depth == 0 and c in ";{}":
            break
        i -= 1
    return _without_control(" ".join(code[i + 1:start].split()))


def _without_control(prefix):
    """Takes `if (...)`, `else`, `case x:`, labels and attributes off the front."""
    while True:
        head = re.match(r"(?:else|do)\b\s*|(?:if|for|while|switch)\s*(?:constexpr\s*)?\(|(?:case\b[^:]*(?:::[^:]+)*|default)"
                        r"\s*:(?!:)\s*|\[\[[^\]]*\]\]\s*", prefix)
        if not head:
            return prefix
        end = head.end()
        if head.group().endswith("("):
            depth = 1
            while end < len(prefix) and depth:
                depth += {"(": 1, ")": -1}.get(prefix[end], 0)
                end += 1
        prefix = prefix[end:].lstrip()


def _awaited(code, after):
    """The awaited expression and whether it runs to the end of its statement."""
    depth = 0
    for i in range(after, len(code)):
        c = code[i]
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
            if depth < 0:
                return code[after:i], False
        elif c == ";" and depth == 0:
            return code[after:i], True
    return code[after:], False


def _top_level(expression):
    """The expression without what stands in parentheses."""
    out, depth = [], 0
    for c in expression:
        if c in ")]":
            depth -= 1
        if depth == 0:
            out.append(c)
        if c in "([":
            depth += 1
    return "".join(out)


def _surroundings(code, start):
    """A catch block or a lock around this co_await."""
    for opened, header in _open_blocks(code, start):
        if re.search(r"\bcatch\s*\([^)]*\)\s*$", header):
            return "co_await inside catch: copy what you need, leave the handler, then await"
        for lock in _LOCK.finditer(code, opened, start):
            if [b for b, _ in _open_blocks(code, lock.start())][-1:] == [opened]:
                return "a lock is held across co_await: the loop's other coroutines would wait for it"
    return None


def _ternaries(code):
    """Declarations in a coroutine whose ternary may make a temporary: it has a call or a constructor in it."""
    found = []
    for match in _TERNARY.finditer(code):
        type_, arms = match.group(1), match.group(3)
        if _SCALAR.fullmatch(type_) or "co_await" in arms or not re.search(r"\w\s*[({]", arms):
            continue
        opened = [begin for begin, header in _open_blocks(code, match.end()) if re.search(r"\)[\w\s]*$", header)]
        if opened and re.search(r"\bco_(?:await|return)\b", code[opened[0]:_closing(code, opened[0], "{}")]):
            found.append((line_of(code, match.start(1)),
                          "a ternary in a coroutine makes a temporary that may be destroyed twice: use if and else, or a "
                          "function"))
    return found


def _closing(code, opening, pair):
    """Where what opens there is closed: "{}" or "()"."""
    depth = 0
    for i in range(opening, len(code)):
        depth += {pair[0]: 1, pair[1]: -1}.get(code[i], 0)
        if depth == 0:
            return i
    return len(code)


def _open_blocks(code, position):
    """The braces that are open at this position, outermost first, each with the text before it. An inner function
    (a lambda) starts afresh."""
    stack = []
    for i in range(position):
        if code[i] == "{":
            before = code[max(0, i - 200):i]
            stack.append((i, re.split(r"[;{}]", before)[-1]))
        elif code[i] == "}" and stack:
            stack.pop()
    for k in range(len(stack) - 1, -1, -1):
        if re.search(r"\]\s*(?:\(.*\))?\s*(?:mutable\s*)?(?:->.*)?$", stack[k][1], re.S):
            return stack[k:]
    return stack


def coroutine_parameters(texts):
    """Name -> parameter lists of the functions that return an awaitable, wherever they are declared."""
    declared = {}
    for text in texts:
        code = without_directives(blanked(text))
        for match in _DECLARED.finditer(code):
            declared.setdefault(match.group(1), []).append(_parenthesised(code, match.end() - 1))
    return declared


def _spawned(path, code, declared):
    found = []
    for match in _SPAWN.finditer(code):
        parts = _split_arguments(_parenthesised(code, match.end() - 1))
        call = re.match(r"\s*(?:[\w:]+(?:\.|->))*(?:\w+::)*(\w+)\s*\(", parts[-1]) if len(parts) > 1 else None
        for parameters in declared.get(call.group(1), []) if call else []:
            for parameter in _split_arguments(parameters):
                why = _dangles(path, parameter)
                if why:
                    found.append((line_of(code, match.start()),
                                  f"spawned {call.group(1)}() takes `{' '.join(parameter.split())}`: {why}"))
    return sorted(set(found))


def _dangles(path, parameter):
    """Why a parameter may outlive what it refers to once nobody awaits the coroutine in the same statement."""
    if re.search(r"\bstring_view\b|\bspan\s*<", parameter):
        return "a view's bytes may be gone when it resumes; pass the owner by value"
    if "&&" in parameter or re.search(r"\bconst\b[^&]*&", parameter):
        return "it may be bound to a temporary that is gone when it resumes; pass it by value"
    # A test's locals outlive the loop that it runs to its end.
    # A loop outlives the coroutines it runs.
    if "&" in parameter and path.startswith("src/") and not re.search(r"\bLoop\s*&", parameter):
        return "the referent may be gone when it resumes; pass a shared_ptr or a value"
    return None


def _parenthesised(code, opening):
    return code[opening + 1:_closing(code, opening, "()")]


def _split_arguments(text):
    parts, depth, last = [], 0, 0
    for i, c in enumerate(text):
        if c in "([{<":
            depth += 1
        elif c in ")]}" or (c == ">" and text[i - 1:i] != "-"):
            depth -= 1
        elif c == "," and depth == 0:
            parts.append(text[last:i])
            last = i + 1
    return [*parts, text[last:]] if text.strip() else []


def main():
    files = sources("include", "src", "tests", "bench")
    texts = {path: (ROOT / path).read_text(encoding="utf-8") for path in files}
    public = coroutine_parameters(text for path, text in texts.items() if path.startswith("include/"))
    breaches = []
    for path, text in texts.items():
        own_header = texts.get(path.removesuffix(".cpp") + ".hpp", "")
        declared = {**public, **coroutine_parameters([own_header])}
        breaches += [(path, line, message) for line, message in check_source(path, text, declared)]
    for path, line, message in breaches:
        print(f"{path}:{line}: {message}")
    print(f"coroutines: {len(files)} files, {len(breaches)} breaches")
    return 1 if breaches or not files else 0


if __name__ == "__main__":
    sys.exit(main())
