#!/usr/bin/env python3
"""Each rule of check_layers catches a breach of it and lets the right form through."""

import unittest

import check_layers


def messages(path, text):
    return [message for _, message in check_layers.check_source(path, text)]


class Modules(unittest.TestCase):
    def test_lower_is_free_and_higher_is_not(self):
        self.assertEqual(messages("src/routing/a.cpp", '#include "weir/quota/ledger.hpp"\n'), [])
        found = messages("src/quota/a.cpp", '\n#include "weir/routing/route.hpp"\n')
        self.assertEqual(len(found), 1)
        self.assertIn("quota may not include routing", found[0])

    def test_siblings_are_blind_to_each_other(self):
        self.assertEqual(len(messages("include/weir/quota/a.hpp", '#include "weir/tokens/estimator.hpp"\n')), 1)

    def test_private_headers_stay_private(self):
        self.assertEqual(messages("src/transport/a.cpp", '#include "transport/stream.hpp"\n'), [])
        self.assertIn("private to transport", messages("src/gateway/a.cpp", '#include "transport/stream.hpp"\n')[0])
        self.assertIn("private", messages("include/weir/transport/a.hpp", '#include "transport/stream.hpp"\n')[0])

    def test_a_module_without_a_row(self):
        self.assertIn("no row", messages("src/cache/a.cpp", "")[0])

    def test_every_row_names_modules_above_it(self):
        seen = set()
        for module, used in check_layers.MAY_USE.items():
            self.assertLessEqual(used, seen, module)
            seen.add(module)

    def test_line_number(self):
        self.assertEqual(check_layers.check_source("src/base/a.cpp", '// x\n\n#include "weir/http/head.hpp"\n')[0][0], 3)


class ThirdParty(unittest.TestCase):
    def test_places(self):
        for path, header in (("src/transport/a.cpp", "boost/beast/http/basic_parser.hpp"),
                             ("src/transport/tls.cpp", "openssl/ssl.h"), ("src/wire/a.cpp", "simdjson.h"),
                             ("src/config/a.cpp", "yaml-cpp/yaml.h"), ("src/app/a.cpp", "CLI/CLI.hpp"),
                             ("include/weir/net/a.hpp", "boost/asio/awaitable.hpp"), ("tests/unit/a.cpp", "gtest/gtest.h"),
                             ("src/quota/a.cpp", "sys/stat.h"), ("src/quota/a.cpp", "unordered_map")):
            self.assertEqual(messages(path, f"#include <{header}>\n"), [], header)
        for path, header in (("src/gateway/a.cpp", "boost/beast/http.hpp"), ("src/gateway/a.cpp", "openssl/ssl.h"),
                             ("include/weir/wire/a.hpp", "simdjson.h"), ("src/app/a.cpp", "yaml-cpp/yaml.h"),
                             ("src/quota/a.cpp", "boost/asio/post.hpp"), ("src/app/a.cpp", "spdlog/spdlog.h"),
                             ("src/base/a.cpp", "gtest/gtest.h"), ("src/base/a.cpp", "boost/unheard/of.hpp")):
            self.assertEqual(len(messages(path, f"#include <{header}>\n")), 1, header)


class Banned(unittest.TestCase):
    def refuses(self, path, line, reason):
        found = messages(path, f"void f() {{\n{line}\n}}\n")
        self.assertEqual(len(found), 1, line)
        self.assertIn(reason, found[0])

    def test_calls(self):
        self.refuses("src/quota/a.cpp", "const auto now = std::chrono::steady_clock::now();", "time is injected")
        self.refuses("src/quota/a.cpp", "const auto now = ::time(nullptr);", "time is injected")
        self.refuses("src/routing/a.cpp", "const int n = std::rand();", "chance is injected")
        self.refuses("src/gateway/a.cpp", "g(asio::detached);", "swallows exceptions")
        self.refuses("src/gateway/a.cpp", "boost::asio::co_spawn(io, f(), handler);", "Loop::spawn")
        self.refuses("tests/unit/net/a.cpp", "std::this_thread::sleep_for(1s);", "sleeps to be right")
        self.refuses("src/transport/a.cpp", "co_await boost::asio::post(pool, use_awaitable);", "net::offload")
        self.refuses("src/providers/a.cpp", 'const char* k = std::getenv("K");', "Environment")
        self.refuses("include/weir/base/a.hpp", "using namespace std;", "must not open")
        self.refuses("src/base/a.cpp", "#define TRY(x) x", "no macros")
        self.refuses("src/base/a.cpp", "auto* p = new Thing(1);", "make_unique")
        self.refuses("src/base/a.cpp", "delete p;", "make_unique")

    def test_where_they_belong(self):
        for path, line in (("src/base/clock.cpp", "::clock_gettime(CLOCK_BOOTTIME, &t);"),
                           ("src/net/loop.cpp", "boost::asio::co_spawn(io_, std::move(task), done);"),
                           ("src/transport/a.cpp", "co_await asio::post(socket.get_executor(), asio::use_awaitable);"),
                           ("src/base/random.cpp", "std::random_device seed;"),
                           ("src/base/a.cpp", "A(const A&) = delete;"),
                           ("src/base/a.cpp", "// a new thing; time(nullptr) and rand() are banned"),
                           ("src/base/a.cpp", 'say("delete it with new care, detached");'),
                           ("src/base/a.cpp", "const Duration idle_time(3);")):
            self.assertEqual(messages(path, f"void f() {{\n{line}\n}}\n"), [], line)


class Links(unittest.TestCase):
    def test_against_table_and_includes(self):
        cmake = "weir_module(routing\n  SOURCES a.cpp\n  LINKS weir_base weir_quota\n  PRIVATE_LINKS weir_providers)\n"
        self.assertEqual(check_layers.links_of(cmake), ("routing", {"base", "quota", "providers"}))
        self.assertEqual(check_layers.check_links("x", cmake, {"base", "quota", "providers"}), [])

    def test_a_part_of_a_module_counts_as_the_module(self):
        cmake = "weir_module(pretend LINKS weir_base weir_pretend_windows)\nweir_module(pretend_windows LINKS weir_base)\n"
        self.assertEqual(check_layers.links_of(cmake), ("pretend", {"base"}))

    def test_mismatches(self):
        self.assertIn("may not link", check_layers.check_links("x", "weir_module(base LINKS weir_net)", set())[0][1])
        self.assertIn("does not link", check_layers.check_links("x", "weir_module(net SOURCES a.cpp)", {"base"})[0][1])
        found = check_layers.check_links("x", "weir_module(routing LINKS weir_base weir_quota)", {"base"})
        self.assertIn("includes nothing of it", found[0][1])


if __name__ == "__main__":
    unittest.main()
