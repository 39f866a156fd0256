#!/usr/bin/env python3
import contextlib
import io
import json
import pathlib
import tempfile
import unittest

import document_config

ROOT = pathlib.Path(__file__).resolve().parents[1]


class DocumentConfig(unittest.TestCase):
    def run_on(self, schema, *mode):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "schema.json"
            file.write_text(json.dumps(schema))
            said = io.StringIO()
            with contextlib.redirect_stderr(said):
                code = document_config.main([*mode, str(file)])
            return code, said.getvalue()

    def setUp(self):
        self.schema = json.loads((ROOT / "config/schema/weir.schema.json").read_text())
        self.doc = str(ROOT / "docs/configuration.md")

    def test_the_page_is_what_the_schema_says(self):
        self.assertEqual(self.run_on(self.schema, "--check", self.doc), (0, ""))

    def test_a_page_that_is_out_of_date_is_told(self):
        self.schema["properties"]["server"]["properties"]["max_connections"]["default"] = 1
        code, said = self.run_on(self.schema, "--check", self.doc)
        self.assertEqual(code, 1)
        self.assertIn("not what the schema says; run tools/document_config.py", said)

    def test_a_key_without_a_word_of_its_own_is_told(self):
        del self.schema["properties"]["routing"]["properties"]["sticky"]["properties"]["ttl"]["description"]
        del self.schema["definitions"]["provider"]["properties"]["keys"]["items"]["properties"]["account"]["description"]
        code, said = self.run_on(self.schema, "--check", self.doc)
        self.assertEqual(code, 1)
        self.assertIn("routing.sticky.ttl has no description", said)
        self.assertIn("keys[].account has no description", said)

    def test_every_key_of_the_schema_is_on_the_page(self):
        page = pathlib.Path(self.doc).read_text()

        def names(node):
            if isinstance(node, dict):
                yield from node.get("properties", {})
            for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
                yield from names(value)

        for name in set(names(self.schema)):
            self.assertRegex(page, rf"(?m)^## {name}$|`([\w.\[\]]+\.)?{name}`", name)


if __name__ == "__main__":
    unittest.main()
