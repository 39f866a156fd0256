// weir diagnose: what an answer of a provider means, in words and for machines.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { run, scratch } from './support/weir.js';

const samples = JSON.parse(
  readFileSync(new URL('../data/wire_answers/seen.json', import.meta.url), 'utf8'));

function raw({ status, headers, body }) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Whatever\r\n${lines.join('')}\r\n${body}`;
}

async function diagnose(text, ...options) {
  const place = scratch({ 'answer.txt': text });
  try {
    return await run(['diagnose', ...options, 'answer.txt'], { cwd: place.folder });
  } finally {
    place.remove();
  }
}

const sample = (name) => samples.find((one) => one.name === name);

test('--json has the words of the samples', async () => {
  for (const name of ['groq-429-rpm', 'google-429-rpd-array', 'openrouter-200-midstream', 'hf-402-header']) {
    const one = sample(name);
    const { code, stdout, stderr } = await diagnose(raw(one), '--provider', one.provider, '--json');
    assert.equal(code, 0, stderr);
    const said = JSON.parse(stdout);
    for (const word of ['class', 'violated', 'wait_s', 'wait_rule', 'scope', 'retry_same_route'])
      assert.deepEqual(said[word], one.expect[word], `${name} ${word}`);
    assert.equal(said.windows.length, one.expect.windows.length);
    assert.equal(typeof said.note, 'string');
  }
});

test('in words', async () => {
  const { code, stdout } = await diagnose(raw(sample('groq-429-rpm')), '--provider', 'groq');
  assert.equal(code, 0);
  assert.match(stdout, /^rate_limited: a short window is full/);
  assert.match(stdout, /^refused by +requests\/minute$/m);
  assert.match(stdout, /^window +requests\/minute: 0\.?0? left of 30/m);
  assert.match(stdout, /^wait +2(\.0)? s$/m);
});

test('lines may end in LF, and a provider may have another name', async () => {
  const text = 'HTTP/2 429\nRetry-After: 12\n\n{"error":{"message":"slow down"}}';
  const { code, stdout } = await diagnose(text, '--provider', 'google', '--json');
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout).wait_s, 12);
});

test('an unknown provider is an error of usage that names a close one', async () => {
  const { code, stdout, stderr } = await diagnose('HTTP/1.1 200 OK\r\n\r\n', '--provider', 'grok');
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /no provider "grok" is known; did you mean "groq"\?/);
  assert.equal((await run(['diagnose'], {})).code, 2);
});

test('what is no answer is an error that says what was expected', async () => {
  const { code, stderr } = await diagnose('{"error":{}}', '--provider', 'groq', '--json');
  assert.equal(code, 1);
  assert.match(stderr, /expected a status line/);
  const header = await diagnose('HTTP/1.1 200 OK\r\nnonsense\r\n\r\n', '--provider', 'groq');
  assert.equal(header.code, 1);
  assert.match(header.stderr, /expected a header/);
  const missing = await run(['diagnose', '--provider', 'groq', join('no', 'such', 'file')], {});
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /can't be opened/);
});
