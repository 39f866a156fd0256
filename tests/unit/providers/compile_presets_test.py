"""The preset compiler refuses what is wrong, with its place, and writes nothing then.

Usage: compile_presets_test.py SOURCE_FOLDER
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(sys.argv.pop())
COMPILER = SOURCE / "tools" / "compile_presets.py"

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

    def refuse(self, old, new, place, words):
        """A change of GOOD is one error at that line and column, in those words."""
        self.assertEqual(GOOD.count(old), 1, old)
        code, stderr, out = self.run_compiler(GOOD.replace(old, new))
        self.assertEqual(code, 1, stderr)
        self.assertIsNone(out)
        self.assertIn(f"good.yaml:{place}: error: ", stderr)
        self.assertIn(words, stderr)

    def test_a_good_preset_becomes_a_table(self):
        code, stderr, out = self.run_compiler(GOOD)
        self.assertEqual((code, stderr), (0, ""))
        self.assertIn('{"small", "", "", 8000, 0, 1, Billing::free, kGoodSmallLimits}', out)
        self.assertIn("{quota::Dimension::requests, 5, {quota::Period::Unit::span, std::chrono::seconds(2)}, ", out)

    def test_an_unknown_word_is_refused_wherever_it_stands(self):
        self.refuse("stream_usage: ask", "stream_usages: ask", "6:1", 'unknown word "stream_usages"')
        self.refuse("    billing: free", "    price: free", "14:5", 'models.small: unknown word "price"')
        self.refuse("billing: free", "billing: cheap", "14:14", 'models.small.billing: unknown word "cheap"')
        self.refuse("[tools]", "[tools, magic]", "13:27", 'unknown word "magic"')
        self.refuse("      rpm: 30", "      rpw: 30", "18:7", 'models.small.limits: unknown word "rpw"')
        self.refuse("window: fixed", "window: leaky", "21:42", 'unknown word "leaky"')
        self.refuse("go_duration", "weeks", "9:83", 'unknown word "weeks"')

    def test_a_limit_needs_its_source_and_its_date(self):
        self.refuse("      source: https://example.com/limits\n", "", "16:7", '"source" is missing')
        self.refuse("      source: https://example.com/limits\n      checked: 2026-09-12\n",
                    "      source: https://example.com/limits\n", "16:7", '"checked" is missing')
        self.refuse("      source: https://example.com/limits\n      checked: 2026-09-12",
                    "      source: https://example.com/limits\n      checked: 2026-09-31", "17:16", "no such day")

    def test_a_model_needs_its_context(self):
        self.refuse("    context: 8k\n", "", "12:5", '"context" is missing')

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
        presets = sorted((SOURCE / "config" / "presets").glob("*.yaml"))
        self.assertTrue(presets)
        run = subprocess.run([sys.executable, COMPILER, *presets], capture_output=True, text=True, check=False)
        self.assertEqual((run.returncode, run.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
