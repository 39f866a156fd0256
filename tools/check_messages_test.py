#!/usr/bin/env python3
import unittest

import check_messages

PAGE = """
## At the start
| Message | Cause |
|---|---|
| `in use by … at ` | x |
## Warnings in the log
| Event | |
|---|---|
| `state_degraded`, `key_refused` | x |
"""
SOURCE = '''
  // "a comment says nothing"
  return failure("in use by "
                 "the weir with pid " + pid + " at \\"there\\"");
  log::warn("state_degraded", {{"why", reason}});
  log::error(
      "key_refused");
'''


class CheckMessages(unittest.TestCase):
    def found(self, page=PAGE, source=SOURCE):
        return check_messages.check(page, [source])

    def test_a_page_that_quotes_the_source_is_fine(self):
        self.assertEqual(self.found(), [])

    def test_literals_that_are_written_in_pieces_are_one(self):
        self.assertEqual(self.found(PAGE.replace("in use by … at ", "in use by the weir with pid ")), [])
        self.assertEqual(self.found(PAGE.replace("in use by … at ", 'at "there"')), [])

    def test_a_message_that_nobody_says_any_more_is_told(self):
        self.assertEqual(self.found(source=SOURCE.replace("in use by", "taken by")),
                         ['docs/troubleshooting.md:5: no source says "in use by "'])
        self.assertEqual(len(self.found(PAGE.replace("in use by … at ", "a comment says nothing"))), 1)
        # Not across two messages.
        self.assertEqual(len(self.found(PAGE.replace("in use by … at ", 'there"state_degraded'))), 1)

    def test_an_event_without_a_row_is_told_and_a_row_without_an_event(self):
        self.assertEqual(self.found(source=SOURCE + 'log::warn("no_dashboard");'),
                         ['docs/troubleshooting.md: no row for the event "no_dashboard"'])
        for written in ('log::write(level, "alert",', 'R"({"level":"warn","event":"alert"})"'):
            self.assertEqual(self.found(source=SOURCE + written), ['docs/troubleshooting.md: no row for the event "alert"'])
        self.assertEqual(self.found(source=SOURCE + 'log::write(log::Level::info, "alert");'), [])
        self.assertEqual(self.found(source=SOURCE.replace("log::error", "log::info")),
                         ['docs/troubleshooting.md:9: nothing logs "key_refused" as a warning or an error'])


if __name__ == "__main__":
    unittest.main()
