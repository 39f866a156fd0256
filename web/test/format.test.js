import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attemptShape, count, countingTitle, countingWords, isStreamed, left, reason, requestState, share, sourceWords, took, windowLabel, windowName } from '../src/format.js';

test('a count is short, and unknown is a word, never zero', () => {
  const shown = [0, 987, 8421, 99_999, 801_223, 2_400_000, 1_000_000, 12_400_000].map(count);
  assert.deepEqual(shown, ['0', '987', '8,421', '99,999', '801k', '2.4M', '1M', '12M']);
  assert.equal(count(null), 'unknown');
});

test('what is left is told late rather than early', () => {
  const shown = [0, 1, 12_400, 60_000, 363_000, 3_600_000, 37_200_000, 86_400_000, 273_600_000].map(left);
  assert.deepEqual(shown, ['now', '1 s', '13 s', '1 m 00 s', '6 m 03 s', '1 h 00 m', '10 h 20 m', '1 d 0 h', '3 d 4 h']);
  assert.deepEqual([null, 0, 0.4, 9.97, 850, 3210].map(took), ['–', '0 ms', '0.4 ms', '10 ms', '850 ms', '3.2 s']);
});

test('a window is named by what it counts and for how long', () => {
  const names = [
    [{ dimension: 'requests', period_s: 86_400, kind: 'calendar' }, 'requests a day', 'requests/day'],
    [{ dimension: 'tokens', period_s: 3600, kind: 'sliding' }, 'tokens an hour', 'tokens/hour'],
    [{ dimension: 'input_tokens', period_s: 2_592_000, kind: 'calendar' }, 'input tokens a month', 'input tokens a month'],
    [{ dimension: 'requests', period_s: 2, kind: 'fixed' }, 'requests in 2 s', 'requests in 2 s'],
    [{ dimension: 'tokens', period_s: null, kind: 'credit' }, 'tokens, a credit', 'tokens, a credit'],
    [{ dimension: 'in_flight', period_s: null, kind: 'concurrency' }, 'requests at once', 'requests at once'],
  ];
  for (const [window, long, short] of names) assert.deepEqual([windowName(window), windowLabel(window)], [long, short]);
});

test('where nobody has said a limit its source is "not reported"', () => {
  assert.equal(sourceWords({ source: null, limit: null })[0], 'not reported');
  assert.deepEqual(sourceWords({ source: 'preset', limit: 3, as_of: '2026-09-12' }), ['preset', 'weir’s own table of this provider says so, as of 2026-09-12']);
});

test('reasons are words: a window, a cooldown’s cause, or what the daemon said', () => {
  const shown = ['rpd', 'itpm', 'rate_limited', 'concurrency', 'no tools', null].map(reason);
  assert.deepEqual(shown, ['requests a day used up', 'input tokens a minute used up', 'rate limited', 'as many under way as may be', 'no tools', '']);
});

test('a refusal for want of quota looks unlike a failure', () => {
  assert.deepEqual(['ok', 'rate_limited', 'quota', 'timeout', 'auth'].map(attemptShape), ['ok', 'refused', 'refused', 'failed', 'failed']);
});

test('a request says how far it is, or what became of it', () => {
  const shown = [{ state: 'waiting' }, { state: 'done', ok: true }, { state: 'done', ok: false, error: 'cancelled' }, { state: 'done', ok: false, error: 'stream_broken' }];
  assert.deepEqual(shown.map((one) => requestState(one)[0]), ['waiting for room', 'ok', 'client left', 'stream broken']);
});

test('100 % is all of them', () => {
  assert.deepEqual([share(3, 3), share(19_999, 20_000), share(1, 2), share(0, 0)], ['100 %', '99.9 %', '50 %', '–']);
});

test('what answers taught of tokens is a line and how far it may be off', () => {
  const learned = { ratio: 1.0678, overhead: 1031, spread: 0.0261, answers: 1, tokenizer: 'qwen', output_p50: null, output_p95: null };
  assert.equal(countingWords(learned), 'tokens × 1.07 + 1,031, ± 3 %');
  assert.equal(countingWords({ ...learned, overhead: -4 }), 'tokens × 1.07 − 4, ± 3 %');
  assert.equal(countingTitle(learned), 'Of a prompt estimated for the tokenizer qwen; learned from 1 answer.');
  assert.match(countingTitle({ ...learned, answers: 40, output_p50: 210, output_p95: 1500 }), /from 40 answers\. Half of the outputs stay within 210 tokens, 95 % within 1,500\.$/);
});

test('where nothing is streamed the time to the answer is shown instead', () => {
  assert.equal(isStreamed({ ttfb_p50_ms: [null, 27], plain_p50_ms: [1000, 1000] }), true);
  assert.equal(isStreamed({ ttfb_p50_ms: [null, null], plain_p50_ms: [null, 1000] }), false);
  assert.equal(isStreamed({ ttfb_p50_ms: [null], plain_p50_ms: [null] }), true, 'nobody knows yet');
  assert.equal(isStreamed({}), true);
});
