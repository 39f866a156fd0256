#!/usr/bin/env python3
"""check_reliability catches what isn't there and lets through what is."""

import pathlib
import tempfile
import unittest

import check_reliability


class Tables(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        for path, text in {
            "tests/unit/a/a_test.cpp": "TEST_F(Suite, Name) {\nTEST(Other,\n     Wrapped) {",
            "tests/e2e/a.test.js": "test('it\\'s so', () => {});\n  test(\"two\", () => {});",
            "tests/fuzz/heads/x.cpp": "",
            "scripts/a.sh": "",
        }.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text)

    def tearDown(self):
        self.folder.cleanup()

    def problems(self, tests, rows=("S1",)):
        text = "| id | where | tests | figure |\n|---|---|---|---|\n"
        text += "".join(f"| {row} x | `src` | {tests} | - |\n" for row in rows)
        return [message for _, message in check_reliability.check_text(text, self.root, ["S1"])]

    def test_what_is_there_passes(self):
        self.assertEqual(self.problems("`Suite.Name`, `Other.Wrapped`; `a.test.js` \"it's so\", \"two\"; `fuzz_heads`; "
                                       "`scripts/a.sh`; *awaited*"), [])

    def test_what_is_not_there_is_named(self):
        for tests in ("`Suite.Gone`", "`gone.test.js`", '`a.test.js` "three"', '"two"', "`fuzz_gone`", "`scripts/gone.sh`",
                      "`words`"):
            self.assertEqual(len(self.problems(tests)), 1, tests)

    def test_each_requirement_has_one_row(self):
        self.assertEqual(len(self.problems("`Suite.Name`", ())), 1)
        self.assertEqual(len(self.problems("`Suite.Name`", ("S1", "S1"))), 1)


if __name__ == "__main__":
    unittest.main()
