#!/usr/bin/env python3
"""Who may include whom, where third-party headers may stand, and which calls are banned and why.

The tables come first; they are the rules. Prints file:line: message for each breach and exits 1 if there is one.
"""

import re
import sys

from cpp_text import ROOT, blanked, line_of, sources

# Module -> the modules it may include and link. Level by level: nothing may use what stands below it.
MAY_USE = {
    # 0
    "base": set(),
    # 1: siblings, blind to each other
    "quota": {"base"},
    "tokens": {"base"},
    "wire": {"base"},
    "telemetry": {"base"},
    "net": {"base"},
    "http": {"base"},
    # 2
    "dashboard": {"base", "http"},
    "transport": {"base", "net", "http"},
    "providers": {"base", "quota", "tokens", "wire", "http"},
    # 3
    "routing": {"base", "quota", "tokens", "providers"},
    "store": {"base", "quota"},
    "pretend": {"base", "net", "http", "transport", "wire"},
    # 4
    "sim": {"base", "quota", "providers", "routing", "pretend"},
    "gateway": {"base", "quota", "tokens", "wire", "telemetry", "net", "http", "dashboard", "transport", "providers",
                "routing"},
    # 5: config fills the plain configuration values of the modules below it
    "config": {"base", "quota", "tokens", "http", "providers", "routing", "transport", "gateway"},
    "admin": {"base", "http", "quota", "tokens", "wire", "telemetry", "providers", "routing", "store", "gateway"},
    # 6
    "app": {"base", "quota", "tokens", "wire", "telemetry", "net", "http", "dashboard", "transport", "providers",
            "routing", "store", "pretend", "sim", "gateway", "config", "admin"},
}

# Third-party headers: pattern -> the places (path prefixes) that may include them. First match counts.
# Tests and benchmarks may include what they like, but for Beast and OpenSSL outside transport's own tests.
THIRD_PARTY = [
    (r"boost/beast/", ["src/transport/", "src/net/net_impl.cpp", "tests/unit/transport/"]),
    (r"openssl/crypto.h|boost/version.hpp", ["src/transport/", "src/base/digest.cpp", "src/app/"]),  # app: for `weir version`
    (r"xxhash", ["src/base/fingerprint.cpp"]),
    (r"openssl/", ["src/transport/", "src/base/digest.cpp", "tests/unit/transport/", "tests/component/",
                   "tests/support/"]),
    (r"boost/asio", ["src/net/", "src/transport/", "src/gateway/", "src/pretend/", "src/app/", "include/weir/net/",
                     "tests/", "bench/"]),
    (r"boost/(intrusive|system)/", ["src/net/", "src/transport/", "src/pretend/", "include/weir/net/", "tests/"]),
    (r"boost/url", ["src/config/", "src/transport/", "src/app/"]),
    (r"simdjson", ["src/wire/", "src/pretend/", "tests/unit/wire/", "bench/"]),
    (r"nlohmann/", ["src/wire/", "src/pretend/", "src/admin/", "src/app/", "tests/"]),
    (r"pcre2", ["src/tokens/splitter.cpp"]),
    (r"yaml-cpp/", ["src/config/"]),
    (r"sqlite3", ["src/store/", "tests/unit/store/"]),
    (r"(spdlog|fmt)/", ["src/base/log.cpp"]),
    (r"CLI/", ["src/app/"]),
    (r"(gtest|gmock|date)/", ["tests/"]),
    (r"benchmark/", ["bench/"]),
]

# Pattern, where it is allowed (path prefixes), where the rule holds (path prefixes), and the reason printed.
EVERYWHERE = ["src/", "include/", "tests/", "bench/"]
OURS = ["src/", "include/"]
BANNED = [
    # In tests: the generous limit of a wait for an event.
    (r"_clock::now\(", ["src/base/clock.cpp", "tests/support/", "tests/unit/net/"], EVERYWHERE,
     "time is injected: take an Instant as argument, or ask the weir::Clock you were given"),
    (r"\btime\(\s*(?:NULL|nullptr|0|&)|\bgettimeofday\(|\bclock_gettime\(|\bstd::time\(", ["src/base/clock.cpp"],
     EVERYWHERE, "time is injected: take an Instant as argument, or ask the weir::Clock you were given"),
    (r"\bs?rand\(|\brandom_device\b|\bmt19937|\bdefault_random_engine\b", ["src/base/random.cpp"], OURS,
     "chance is injected: take a weir::RandomSource"),
    (r"\bdetached\b", [], EVERYWHERE, "it swallows exceptions in silence: use Loop::spawn, which logs them"),
    (r"\bco_spawn\b", ["src/net/"], EVERYWHERE, "Loop::spawn is the only way to start a coroutine: it counts and logs"),
    # In tests: the pause between two looks at a condition, with a generous limit.
    (r"\bsleep_for\b|\bthis_thread::sleep_until\b|\busleep\(|\bnanosleep\(",
     ["tests/support/raw_provider.cpp", "tests/component/server/server_fixture.cpp",
      "tests/component/server/clocks_test.cpp"], EVERYWHERE,
     "nothing may block a loop, and a test that sleeps to be right is wrong on a slow day"),
    (r"\bco_await\s+(?:boost::)?(?:asio::)?(?:post|dispatch)\((?!\s*[\w.>-]+\.get_executor\(\))", [],
     EVERYWHERE, "it does not move the coroutine to the other executor: use net::offload"),
    # OpenSSL's own two variables are read where OpenSSL is.
    (r"\bgetenv\(", ["src/config/", "src/app/", "src/transport/tls.cpp"], OURS, "the environment is read through config::Environment"),
    (r"\busing\s+namespace\b", ["src/", "tests/", "bench/"], EVERYWHERE, "a header must not open namespaces for others"),
    (r"^[ \t]*#[ \t]*define\b", [], OURS, "no macros: a function, a constant or a template says it with types"),
    (r"(?<!operator )\bnew\s+[A-Za-z_:(]|(?<!= )(?<!=)(?<!operator )\bdelete\b(?:\[\])?\s*[A-Za-z_(]", [], OURS,
     "ownership is make_unique or a value"),
]

_PROJECT_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)
_SYSTEM_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<([^>]+)>", re.M)
# What comes with the compiler and the kernel: one word, or one of these folders.
_PLATFORM = re.compile(r"[a-z_0-9]+(\.h)?|(sys|netinet|arpa|linux|net|bits)/[a-z_0-9/]+\.h")


def module_of(path):
    match = re.match(r"(?:src|include/weir)/([a-z_]+)/", path)
    return match.group(1) if match else None


def starts_with_any(path, prefixes):
    return any(path.startswith(prefix) for prefix in prefixes)


def check_source(path, text):
    """Breaches in one file, as (line, message)."""
    # Include lines are read from the text itself: blanking would empty their quotes.
    code = blanked(text)
    found = _project_includes(path, text) + _third_party_includes(path, text)
    for pattern, allowed, holds, reason in BANNED:
        if not starts_with_any(path, holds) or starts_with_any(path, allowed):
            continue
        for match in re.finditer(pattern, code, re.M):
            found.append((line_of(text, match.start()), f"banned: {match.group().strip()}: {reason}"))
    return sorted(found)


def _project_includes(path, text):
    module = module_of(path)
    if module is None:
        return []
    if module not in MAY_USE:
        return [(1, f"module {module} has no row in tools/check_layers.py")]
    found = []
    for match in _PROJECT_INCLUDE.finditer(text):
        name = match.group(1)
        line = line_of(text, match.start())
        public = re.match(r"weir/([a-z_]+)/", name)
        private = re.match(r"([a-z_]+)/", name)
        if public:
            used = public.group(1)
            if used != module and used not in MAY_USE[module]:
                found.append((line, f"{module} may not include {used} ({_allowed(module)})"))
        elif path.startswith("include/"):
            found.append((line, f'a public header includes the private "{name}"'))
        elif private and private.group(1) != module:
            found.append((line, f'"{name}" is private to {private.group(1)}: its seam is include/weir/{private.group(1)}'))
    return found


def _third_party_includes(path, text):
    found = []
    for match in _SYSTEM_INCLUDE.finditer(text):
        name = match.group(1)
        line = line_of(text, match.start())
        for pattern, places in THIRD_PARTY:
            if re.match(pattern, name):
                if not starts_with_any(path, places):
                    found.append((line, f"<{name}> may be included in {', '.join(places)} only"))
                break
        else:
            if not _PLATFORM.fullmatch(name):
                found.append((line, f"<{name}>: no row in tools/check_layers.py says who may include it"))
    return found


def _allowed(module):
    return "allowed: " + (", ".join(sorted(MAY_USE[module])) or "nothing")


def links_of(cmake_text):
    """The weir modules that a weir_module() call links, as (module, {linked}); nothing where there is no call."""
    call = re.search(r"weir_module\(\s*([a-z_]+)([^)]*)\)", re.sub(r"#[^\n]*", "", cmake_text))
    if not call:
        return None
    # A part of a module that is a library of its own is called weir_<module>_<part>.
    linked = set(re.findall(r"\bweir_(?!options\b|asio\b)([a-z]+)", call.group(2)))
    return call.group(1), linked - {call.group(1)}


def check_links(path, cmake_text, included):
    """Compares what a module links with the table and with what its files include."""
    call = links_of(cmake_text)
    if call is None:
        return []
    module, linked = call
    if module not in MAY_USE:
        return [(1, f"module {module} has no row in tools/check_layers.py")]
    found = [(1, f"{module} may not link {used} ({_allowed(module)})") for used in sorted(linked - MAY_USE[module])]
    found += [(1, f"{module} includes {used} but does not link weir_{used}") for used in sorted(included - linked)]
    found += [(1, f"{module} links weir_{used} but includes nothing of it")
              for used in sorted((linked & MAY_USE[module]) - included - {"base"})]
    return found


def included_modules(module, texts):
    used = set()
    for text in texts:
        used |= {m.group(1) for m in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*"weir/([a-z_]+)/', text, re.M)}
    return used - {module}


def main():
    breaches = []
    files = sources("include", "src", "tests", "bench")
    texts = {path: (ROOT / path).read_text(encoding="utf-8") for path in files}
    for path, text in texts.items():
        breaches += [(path, line, message) for line, message in check_source(path, text)]
    modules = sorted(path.parent.name for path in (ROOT / "src").glob("*/CMakeLists.txt"))
    for module in modules:
        path = f"src/{module}/CMakeLists.txt"
        included = included_modules(module, [t for p, t in texts.items() if module_of(p) == module])
        cmake_text = (ROOT / path).read_text(encoding="utf-8")
        breaches += [(path, line, message) for line, message in check_links(path, cmake_text, included)]
    for path, line, message in breaches:
        print(f"{path}:{line}: {message}")
    print(f"layers: {len(files)} files, {len(modules)} modules, {len(breaches)} breaches")
    return 1 if breaches or not files else 0


if __name__ == "__main__":
    sys.exit(main())
