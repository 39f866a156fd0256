"""The preset compiler refuses what is wrong, with its place, and writes nothing then.

Usage: compile_presets_test.py SOURCE_FOLDER
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(sys.argv.pop())
COMPILER = SOURCE / "tools" / "compile_presets.py"
DOCUMENTER = SOURCE / "tools" / "document_presets.py"
PRESETS = sorted((SOURCE / "config" / "presets").glob("*.yaml"))

sys.path.insert(0, str(SOURCE / "tools"))
import compile_presets  # noqa: E402

GOOD = """\
name: good
source: https://example.com/api
checked: 2026-09-12
base_url: https://example.com/v1
key_variables: [GOOD_API_KEY]
stream_usage: ask
charge: {tokens: usage}
headers:
  - {dimension: requests, per: day, limit: x-limit, reset: x-reset, reset_format: go_duration}
models:
  small:
    context: 8k
    capabilities: [tools]
    billing: free
    limits:
      source: https://example.com/limits
      checked: 2026-09-12
      rpm: 30
      tpd: {limit: 1M, window: calendar, zone: UTC}
      other:
        - {requests: 5, per: 2s, window: fixed, models: ["*:free"]}
    max_output: unknown
endpoints: [chat/completions]
trains_on_prompts: unknown
title: Good
"""

# Two models and plans, behind what GOOD has.
PLANS = GOOD + """\
plans:
  earlier:
    note: Before the summer.
    limits: {source: https://example.com/old, checked: 2025-01-02, rpd: 7}
    models:
      small: {source: https://example.com/old, checked: 2025-01-02, rpm: 8}
      "*": {source: https://example.com/old, checked: 2025-01-02, rpm: 9}
"""
PLANS = PLANS.replace("models:\n  small:", """models:
  large: {context: 9k, max_output: 1k, capabilities: [], billing: paid, trains_on_prompts: true}
  small:""", 1)

SIGNALS = """\
name: good
also_called: [better]
source: https://example.com/errors
checked: 2026-09-12
scope: org+model
requested: prompt+max_tokens
cost_header: x-tokens-cost
rules:
  - {code: "1302", class: concurrency, counts: concurrent_requests, per: none, limit: 1, spent: true, wait: 1s}
waits:
  - {per: day, rule: next_midnight_pacific, over_hints: true}
"""


# What its requests need, behind what GOOD has.
DIALECT = GOOD + """\
dialect:
  source: https://example.com/parameters
  checked: 2026-09-12
  rules:
    - rename: {seed: random_seed}
    - clamp: {temperature: [0, 1.5]}
      models: ["small*"]
    - only: [model, messages, stream, random_seed]
    - roles: {developer: system}
    - messages: {drop: [name], of: [user]}
    - tool_calls: {add: {extra: {a: [1, true, "x"]}}, ids: nine_alphanumeric}
"""


class Compile(unittest.TestCase):
    def run_compiler(self, text, name="good"):
        with tempfile.TemporaryDirectory() as folder:
            preset = pathlib.Path(folder) / f"{name}.yaml"
            preset.write_text(text, encoding="utf-8")
            out = pathlib.Path(folder) / "out.cpp"
            run = subprocess.run([sys.executable, COMPILER, "--out", out, preset], capture_output=True, text=True,
                                 check=False)
            return run.returncode, run.stderr, out.read_text(encoding="utf-8") if out.exists() else None

    def refuse(self, old, new, place, words, text=GOOD):
        """A change of the text is an error at that line and column, in those words."""
        self.assertEqual(text.count(old), 1, old)
        code, stderr, out = self.run_compiler(text.replace(old, new))
        self.assertEqual(code, 1, stderr)
        self.assertIsNone(out)
        self.assertIn(f"good.yaml:{place}: error: ", stderr)
        self.assertIn(words, stderr)

    def run_with_signals(self, signals, name="good"):
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder)
            (place / "signals").mkdir()
            (place / "good.yaml").write_text(GOOD, encoding="utf-8")
            (place / "signals" / f"{name}.yaml").write_text(signals, encoding="utf-8")
            run = subprocess.run([sys.executable, COMPILER, "--out", place / "out.cpp", place / "good.yaml", "--signals",
                                  place / "signals" / f"{name}.yaml"], capture_output=True, text=True, check=False)
            out = place / "out.cpp"
            return run.returncode, run.stderr, out.read_text(encoding="utf-8") if out.exists() else None

    def test_signals_join_the_preset_of_their_name(self):
        code, stderr, out = self.run_with_signals(SIGNALS)
        self.assertEqual(code, 0, stderr)
        self.assertEqual(out.count("AnswerClass::concurrency"), 1)
        self.assertIn("WaitRule::next_midnight_pacific, true", out)
        self.assertIn('Requested::prompt_plus_max_tokens, "x-tokens-cost"', out)
        self.assertIn("&kSignals[0]", out)

    def test_a_preset_may_be_called_as_the_signals_are_also(self):
        code, stderr, out = self.run_with_signals(
            SIGNALS.replace("name: good", "name: best").replace("[better]", "[better, good]"), "best")
        self.assertEqual(code, 0, stderr)
        self.assertIn('{"good", kGoodAlsoCalled', out)
        self.assertIn('kGoodAlsoCalled[] = {\n    "best",\n    "better",', out)

    def test_wrong_signals_are_refused_with_their_place(self):
        for old, new, words in (("class: concurrency", "class: crowded", 'unknown word "crowded"'),
                                ("wait: 1s", "wait: soon", "expected a length such as 2s"),
                                (", per: none", "", '"counts" and "per" belong together'),
                                ("scope: org+model", "scope: everybody", 'unknown word "everybody"'),
                                ("prompt+max_tokens", "prompt", 'unknown word "prompt"'),
                                ("x-tokens-cost", "X-Tokens-Cost", "expected a header's name in lower case"),
                                ("[better]", "[good]", "is another's name")):
            code, stderr, out = self.run_with_signals(SIGNALS.replace(old, new))
            self.assertEqual(code, 1, new)
            self.assertIsNone(out)
            self.assertIn(words, stderr)

    def test_a_dialect_becomes_rules_in_order(self):
        code, stderr, out = self.run_compiler(DIALECT)
        self.assertEqual(code, 0, stderr)
        rules = re.search(r"constexpr DialectRule kGoodDialect\[\] = \{(.*?)\n\};", out, re.S).group(1)
        self.assertEqual(re.findall(r"DialectEdit::(\w+)", rules),
                         ["rename", "clamp", "only", "role", "message_drop", "tool_call_add", "tool_call_ids"])
        self.assertIn('{"extra", "{\\"a\\":[1,true,\\"x\\"]}"}', out)
        self.assertIn("&kSignals[0],\n     kGoodDialect}", out)

    def test_wrong_dialects_are_refused_with_their_place(self):
        for old, new, place, words in (
                ("rename: {seed", "renames: {seed", "30:7", 'unknown word "renames"'),
                ("[0, 1.5]", "[2, 1.5]", "31:28", "expected two numbers, the least first"),
                ("only: [model, ", "only: [", "33:13", '"model" is missing'),
                ("only: [model, messages, stream, random_seed]", "drop: [messages]", "33:13", "can't be taken away"),
                ("developer: system", "developer: boss", "34:26", 'unknown word "boss"'),
                ("drop: [name], ", "", "35:17", "expected one of drop"),
                ("ids: nine_alphanumeric", "ids: ten", "36:60", 'unknown word "ten"'),
                ("only: [model, messages, stream, random_seed]", "drop: [stream_options]", "27:3",
                 "stream_options can't be dropped"),
                ("  checked: 2026-09-12\n  rules", "  rules", "27:3", '"checked" is missing')):
            with self.subTest(new=new):
                self.refuse(old, new, place, words, DIALECT)

    def test_a_good_preset_becomes_a_table(self):
        code, stderr, out = self.run_compiler(GOOD)
        self.assertEqual((code, stderr), (0, ""))
        self.assertIn('{"small", "", "", 8000, 0, 1, Billing::free, kGoodSmallLimits, Training::unknown}', out)
        self.assertIn("endpoints_of({Endpoint::chat_completions}),\n     Training::unknown,\n     &kSignals[0],\n     {}}", out)
        self.assertIn("{quota::Dimension::requests, 5, {quota::Period::Unit::span, std::chrono::seconds(2)}, ", out)

    def test_an_unknown_word_is_refused_wherever_it_stands(self):
        self.refuse("stream_usage: ask", "stream_usages: ask", "6:1", 'unknown word "stream_usages"')
        self.refuse("    billing: free", "    price: free", "14:5", 'models.small: unknown word "price"')
        self.refuse("billing: free", "billing: cheap", "14:14", 'models.small.billing: unknown word "cheap"')
        self.refuse("[tools]", "[tools, magic]", "13:27", 'unknown word "magic"')
        self.refuse("      rpm: 30", "      rpw: 30", "18:7", 'models.small.limits: unknown word "rpw"')
        self.refuse("window: fixed", "window: leaky", "21:42", 'unknown word "leaky"')
        self.refuse("go_duration", "weeks", "9:83", 'unknown word "weeks"')
        self.refuse("[chat/completions]", "[chat]", "23:13", 'endpoints.0: unknown word "chat"')
        self.refuse("trains_on_prompts: unknown", "trains_on_prompts: maybe", "24:20", 'unknown word "maybe"')
        self.refuse("    note: Before", "    notes: Before", "29:5", 'plans.earlier: unknown word "notes"', PLANS)

    def test_a_limit_needs_its_source_and_its_date(self):
        self.refuse("      source: https://example.com/limits\n", "", "16:7", '"source" is missing')
        self.refuse("      source: https://example.com/limits\n      checked: 2026-09-12\n",
                    "      source: https://example.com/limits\n", "16:7", '"checked" is missing')
        self.refuse("      source: https://example.com/limits\n      checked: 2026-09-12",
                    "      source: https://example.com/limits\n      checked: 2026-09-31", "17:16", "no such day")

    def test_a_model_needs_its_context(self):
        self.refuse("    context: 8k\n", "", "12:5", '"context" is missing')

    def test_an_unknown_max_output_is_called_so(self):
        self.refuse("    max_output: unknown\n", "", "12:5", '"max_output" is missing')
        self.refuse("max_output: unknown", "max_output: 0", "22:17", "expected a count from 1")
        self.refuse("max_output: unknown", "max_output: 9k", "22:17", "more than the context of 8000")

    def test_what_everyone_asks_of_a_provider_is_said(self):
        self.refuse("endpoints: [chat/completions]\n", "", "1:1", '"endpoints" is missing')
        self.refuse("trains_on_prompts: unknown\n", "", "1:1", '"trains_on_prompts" is missing')
        self.refuse("trains_on_prompts: unknown", "trains_on_prompts: {answer: true, source: https://example.com}", "24:20",
                    '"checked" is missing')

    def test_a_model_trains_as_its_provider_does_unless_it_says_otherwise(self):
        code, stderr, out = self.run_compiler(PLANS.replace("prompts: unknown", "prompts: false"))
        self.assertEqual((code, stderr), (0, ""))
        self.assertRegex(out, r'\{"large", .*Training::yes\}')
        self.assertRegex(out, r'\{"small", .*Training::no\}')

    def test_a_plan_has_limits_of_the_account_and_of_models(self):
        code, stderr, out = self.run_compiler(PLANS)
        self.assertEqual((code, stderr), (0, ""))
        self.assertIn('{"earlier", kGoodEarlierLimits, kGoodEarlierModels}', out)
        self.assertIn('{"small", kGoodEarlierSmallLimits},\n    {"large", kGoodEarlierLargeLimits}', out)
        # Without a default plan the limits at the top and under the models stay.
        self.assertIn("Billing::free, kGoodSmallLimits", out)

    def test_a_default_plan_is_what_holds_where_none_is_chosen(self):
        own = PLANS[PLANS.index("    limits:\n      source"):PLANS.index("    max_output: unknown")]
        code, stderr, out = self.run_compiler(PLANS.replace(own, "") + "default_plan: earlier\n")
        self.assertEqual((code, stderr), (0, ""))
        self.assertIn("Billing::free, kGoodEarlierSmallLimits, ", out)
        self.assertIn("kGoodModels,\n     kGoodEarlierLimits,\n     kGoodPlans", out)

    def test_a_plan_names_models_that_exist_and_has_a_limit(self):
        self.refuse("      small: {source", "      smal: {source", "32:7", 'plans.earlier.models: no model is named "smal"',
                    PLANS)
        self.refuse("rpd: 7}", "}", "30:13", "no limit stands here", PLANS)
        self.refuse("checked: 2025-01-02, rpd", "rpd", "30:13", '"checked" is missing', PLANS)
        self.refuse("title: Good\n", "title: Good\nplans: {free: {note: Nothing.}}\n", "26:15", "no limit stands here")
        self.refuse("title: Good\n", "title: Good\ndefault_plan: free\n", "26:15", "there are no plans")
        code, stderr, _ = self.run_compiler(PLANS + "default_plan: earlier\n")
        self.assertEqual(code, 1)
        self.assertIn("34:15: error: default_plan: where a plan is the default, all limits stand under plans", stderr)
        self.refuse("title: Good\n", "title: Good\ndefault_plan: later\n", "27:15", 'unknown word "later"',
                    PLANS)

    def test_variables_stand_in_the_path_of_an_address(self):
        good, stderr, _ = self.run_compiler(GOOD.replace("example.com/v1", "example.com/accounts/{ACCOUNT_ID}/v1"))
        self.assertEqual((good, stderr), (0, ""))
        for url in ("https://{HOST}/v1", "https://example.com/{account}", "https://example.com/{A/v1",
                    "https://example.com/v1/"):
            self.refuse("base_url: https://example.com/v1", f'base_url: "{url}"', "4:11", "expected a URL")

    def test_a_credit_has_no_period(self):
        code, stderr, out = self.run_compiler(
            GOOD.replace("requests: 5, per: 2s, window: fixed", "tokens: 5M, window: credit"))
        self.assertEqual((code, stderr), (0, ""))
        self.assertIn("quota::WindowKind::credit", out)
        self.refuse("per: 2s, window: fixed", "per: 2s, window: credit", "21:11", "a credit has no period")
        self.refuse("per: 2s, ", "", "21:11", '"per" is missing')

    def test_names_are_unique(self):
        self.refuse("models:\n", "models:\n  small: {context: 1, capabilities: [], billing: free}\n", "12:3",
                    '"small" stands here twice')
        self.refuse("checked: 2026-09-12\nbase_url", "checked: 2026-09-12\nchecked: 2026-09-12\nbase_url", "4:1",
                    '"checked" stands here twice')
        self.refuse("limit: x-limit,", "limit: x-limit, remaining: x-limit,", "9:64", "stands in two rules")
        self.refuse("requests: 5, per: 2s", "requests: 5, per: minute, window: fixed}\n        - {requests: 6, per: minute",
                    "16:7", "two limits of the same window")

    def test_numbers_are_counts(self):
        self.refuse("rpm: 30", "rpm: thirty", "18:12", 'expected a count, got "thirty"')
        self.refuse("rpm: 30", "rpm: -1", "18:12", "expected a count")
        self.refuse("context: 8k", "context: 0", "12:14", "expected a count from 1")

    def test_a_calendar_window_is_a_civil_one_with_a_zone(self):
        self.refuse(", zone: UTC", "", "19:12", 'a calendar window needs its "zone"')
        self.refuse("per: 2s, window: fixed", "per: 2s, window: calendar, zone: UTC", "21:11", "a day or a month")
        self.refuse("window: fixed", "window: fixed, zone: UTC", "21:11", "only a calendar window has a zone")

    def test_a_file_has_its_presets_name(self):
        code, stderr, _ = self.run_compiler(GOOD, name="other")
        self.assertEqual(code, 1)
        self.assertIn("other.yaml:1:7: error: name: the file is called other.yaml", stderr)

    def test_all_problems_are_told_in_one_run(self):
        code, stderr, _ = self.run_compiler(GOOD.replace("8k", "much").replace("rpm: 30", "rpm: few"))
        self.assertEqual(code, 1)
        self.assertEqual(len(stderr.splitlines()), 2, stderr)

    def test_what_is_not_yaml_is_an_error_with_its_place(self):
        for text in ("", "name: [", "- 1", "name: \x00", "a: &a [*a]", "name: good\n<<: {}\n"):
            code, stderr, out = self.run_compiler(text)
            self.assertEqual(code, 1, text)
            self.assertRegex(stderr, r"good\.yaml:[0-9]+:[0-9]+: error: ")
            self.assertNotIn("Traceback", stderr)
            self.assertIsNone(out)

    def test_a_file_that_expands_without_end_is_refused(self):
        bomb = "a: &a0 [x]\n" + "".join(f"b{i}: &a{i + 1} [{', '.join([f'*a{i}'] * 9)}]\n" for i in range(9))
        code, stderr, _ = self.run_compiler(bomb)
        self.assertEqual(code, 1)
        self.assertIn("too large", stderr)

    def test_the_presets_of_this_tree_are_good(self):
        self.assertTrue(PRESETS)
        run = subprocess.run([sys.executable, COMPILER, *PRESETS], capture_output=True, text=True, check=False)
        self.assertEqual((run.returncode, run.stderr), (0, ""))


class Tree(unittest.TestCase):
    """The presets of this tree."""

    def presets(self):
        return [compile_presets.load(file, compile_presets.Problems(), compile_presets.read_preset) for file in PRESETS]

    def test_every_limit_has_a_source_and_a_date(self):
        for preset in self.presets():
            blocks = [preset["limits"]] + [model["limits"] for model in preset["models"]]
            for plan in preset["plans"]:
                blocks += [plan["limits"], *plan["models"].values()]
            for limit in sum(blocks, []):
                self.assertRegex(limit["source"], r"^https://", preset["name"])
                self.assertRegex(limit["as_of"], r"^20[0-9]{2}-", preset["name"])

    def test_nothing_is_left_to_do_at_start(self):
        """Every table is constexpr, so the compiler refuses one that would need code."""
        text = compile_presets.render(self.presets(), [])
        tables = re.findall(r"^(.*)\[\] = \{$", text, re.M)
        self.assertGreater(len(tables), len(PRESETS))
        for table in tables:
            self.assertTrue(table.startswith("constexpr "), table)

    def test_the_document_is_current(self):
        run = subprocess.run([sys.executable, DOCUMENTER, "--check", SOURCE / "docs" / "providers.md", *PRESETS],
                             capture_output=True, text=True, check=False)
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_the_document_has_every_provider_model_and_note(self):
        text = (SOURCE / "docs" / "providers.md").read_text(encoding="utf-8")
        for preset in self.presets():
            self.assertIn(f'## {preset["title"]}\n', text)
            for word in [model["name"] for model in preset["models"]] + preset["notes"]:
                self.assertIn(word, text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
