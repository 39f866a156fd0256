#!/usr/bin/env python3
"""Each allowed form passes; each form that breaks is named."""

import unittest

import check_coroutines


def messages(body, path="src/gateway/x.cpp"):
    return [message for _, message in check_coroutines.check_source(path, body)]


class AllowedForms(unittest.TestCase):
    def accepts(self, body):
        self.assertEqual(messages(f"Awaitable<int> f() {{\n{body}\n}}\n"), [])

    def test_the_four_statements(self):
        self.accepts("co_await g();")
        self.accepts("const auto x = co_await g(a, 1, std::move(b));")
        self.accepts("auto x = co_await client->exchange(std::move(request), cancellation);")
        self.accepts("const std::optional<std::vector<int>> x = co_await g();")
        self.accepts("Result<std::string_view> piece = co_await answer.next(by);")
        self.accepts("x = co_await g();")
        self.accepts("this->state_.x[i + 1] = co_await g();")
        self.accepts("co_return co_await g();")
        self.accepts("(void)co_await g();")

    def test_ternaries_of_values(self):
        self.accepts("const bool x = c ? a() : b();\nco_await g();")
        self.accepts("const std::string& x = c ? one : other;\nco_await g();")
        self.accepts("Next next = secure ? Next::request : Next::nothing;\nco_await g();")
        self.assertEqual(messages("int f() {\nconst auto x = c ? a() : b();\n}\nAwaitable<int> g() { co_await h(); }"), [])

    def test_behind_control_flow(self):
        self.accepts("if (ready(x, y)) co_await g();")
        self.accepts("if (a) { b(); } else co_await g();")
        self.accepts("for (int i = 0; i < 3; ++i) co_await g(i);")
        self.accepts("while (more) { const bool ok = co_await g(); if (!ok) break; }")
        self.accepts("switch (k) { case Kind::first: co_await g(); break; default: co_return; }")

    def test_arguments(self):
        self.accepts("co_await socket.async_wait(kRead, asio::redirect_error(asio::use_awaitable, ec));")
        self.accepts('co_await g(h + "a", T(1), get<A, B>(x), a && b, n + 1);')
        self.accepts("co_await g(values[0], pair.first->second);")

    def test_words_in_comments_and_strings(self):
        self.accepts('// if (co_await g()) is wrong: {}?\nlog("co_await {a ? b : c}"); /* f(co_await g()) */')
        self.accepts("auto s = R\"x(if (co_await g()) \")x\"; int n = 1'000;")


class BrokenForms(unittest.TestCase):
    def refuses(self, body, words):
        found = messages(f"Awaitable<int> f() {{\n{body}\n}}\n")
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_conditions(self):
        self.refuses("if (co_await g()) h();", "condition")
        self.refuses("while (co_await g()) {}", "condition")
        self.refuses("switch (co_await g()) {}", "condition")
        self.refuses("if (const auto r = co_await g(); r) h();", "condition")
        self.refuses("for (const auto& x : co_await g()) h(x);", "condition")

    def test_sub_expressions(self):
        self.refuses("h(co_await g());", "argument")
        self.refuses("EXPECT_TRUE(co_await g());", "argument")
        self.refuses("const auto x = (co_await g()).value();", "sub-expression")
        self.refuses("const bool x = !co_await g();", "behind `const bool x = !`")
        self.refuses("const auto x = co_await g() && ready;", "operand")
        self.refuses("const bool x = co_await g() == 3;", "operand")
        self.refuses("const int x = co_await g() + 1;", "operand")
        self.refuses("R r{co_await g()};", "initialiser")
        self.refuses("R r = {.a = co_await g()};", "behind `.a =`")
        self.refuses("const auto x = c ? co_await g() : 1;", "behind")
        self.refuses("return co_await g();", "behind `return`")
        self.refuses("auto& x = co_await g();", "behind")
        self.refuses("auto [a, b] = co_await g();", "behind")
        self.refuses("co_await g(co_await h());", "argument")
        self.refuses("co_await co_await g();", "behind `co_await`")

    def test_awaited_expressions(self):
        self.refuses("co_await g(Options{1});", "braces")
        self.refuses("co_await g({});", "braces")
        self.refuses("co_await g([text] { use(text); });", "capturing lambda")
        self.refuses("co_await g([t = std::move(t)]() mutable -> int { return t; });", "capturing lambda")
        self.refuses("co_await g(c ? a : b);", "ternary")

    def test_ternaries_that_make_temporaries(self):
        self.refuses("const auto x = c ? a() : b();\nco_await g();", "ternary")
        self.refuses("Result<T> x = c ? T{1} : Result<T>(error);\nco_await g();", "ternary")
        self.refuses("if (d) {\nconst std::string x = c ? name : std::string();\n}\nco_await g();", "ternary")

    def test_catch(self):
        self.refuses("try { h(); } catch (const std::exception& e) { if (x) { co_await g(); } }", "catch")
        self.refuses("try { h(); } catch (...) { co_await g(); }", "catch")

    def test_lock(self):
        self.refuses("const std::lock_guard hold(mutex_);\nif (x) { co_await g(); }", "lock")

    def test_lock_that_has_ended(self):
        self.assertEqual(messages("Awaitable<int> f() { { const std::scoped_lock hold(m); n++; } co_await g(); }"), [])

    def test_lambda_coroutine(self):
        self.refuses("auto g = [this, x]() -> net::Awaitable<void> { co_return; };", "capturing lambda as coroutine")

    def test_line_number(self):
        self.assertEqual(check_coroutines.check_source("src/net/x.cpp", "\n\nvoid f() {\n  h(co_await g());\n}\n")[0][0], 4)


class Places(unittest.TestCase):
    def test_deciding_modules_have_no_coroutines(self):
        found = messages("Awaitable<int> f() { co_await g(); }", "src/quota/x.cpp")
        self.assertEqual(len(found), 1)
        self.assertIn("no coroutines in quota", found[0])


class Spawned(unittest.TestCase):
    def spawned(self, parameters, path="src/gateway/x.cpp"):
        return messages(f"Awaitable<void> run({parameters});\nvoid f() {{ loop.spawn(\"run\", run(a)); }}\n", path)

    def test_values_pass(self):
        self.assertEqual(self.spawned("std::string text, std::shared_ptr<Session> session, int n"), [])
        self.assertEqual(self.spawned("std::map<int, std::string> m, net::Loop& loop"), [])

    def test_views_and_references_do_not(self):
        for parameters in ("std::string_view text", "std::span<const char> bytes", "const std::string& text",
                           "Session& session", "int n, std::string&& text"):
            self.assertEqual(len(self.spawned(parameters)), 1, parameters)

    def test_a_tests_locals_outlive_its_loop(self):
        self.assertEqual(self.spawned("Loop& loop, int& seen", "tests/unit/net/x.cpp"), [])
        self.assertEqual(len(self.spawned("const std::string& text", "tests/unit/net/x.cpp")), 1)

    def test_members(self):
        text = ("Awaitable<void> Session::run(const Request& r) { co_return; }\n"
                'void f() { loop_.spawn("session", session->run(r)); }\n')
        self.assertEqual(len(messages(text)), 1)


if __name__ == "__main__":
    unittest.main()
