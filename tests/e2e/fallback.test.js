// Several providers with small quotas: one runs dry and the next takes over, and the truth when nothing is left.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { FakeProvider, answers, refuses, streams } from './support/provider.js';
import { Weir, hello, yaml } from './support/weir.js';

// Runs the body against fresh providers and a weir of its own: quota state must not leak from test to test.
async function withWeir({ scripts, ...options }, body) {
  const providers = {};
  for (const [name, script] of Object.entries(scripts)) providers[name] = await FakeProvider.start(script);
  const weir = await Weir.serve(yaml(providers, options));
  try {
    await body(weir, providers);
  } finally {
    await weir.stop();
    for (const provider of Object.values(providers)) await provider.stop();
  }
}

async function servedBy(weir, request = hello) {
  const { response } = await weir.sdk().chat.completions.create(request).withResponse();
  return response.headers.get('x-weir-served-by');
}

const two = { first: answers('from the first'), second: answers('from the second') };

test('when one runs dry the next takes over, before it is ever refused', async () => {
  await withWeir({ scripts: two, limits: { first: '{rpm: 2}' } }, async (weir, { first, second }) => {
    const served = [];
    for (let i = 0; i < 5; ++i) served.push(await servedBy(weir));
    assert.deepEqual(served, ['first/m', 'first/m', 'second/m', 'second/m', 'second/m']);
    assert.equal(first.requests.length, 2);
    assert.equal(second.requests.length, 3);
  });
});

test('clients at once share the quota exactly', async () => {
  await withWeir({ scripts: two, limits: { first: '{rpm: 5}' } }, async (weir, { first, second }) => {
    await Promise.all(Array.from({ length: 20 }, () => servedBy(weir)));
    assert.equal(first.requests.length, 5);
    assert.equal(second.requests.length, 15);
  });
});

test('the client does not see a 429, and that provider rests', async () => {
  const scripts = { ...two, first: refuses(429, { message: 'slow down', type: 'rate_limit', code: null }, { 'retry-after': '30' }) };
  await withWeir({ scripts }, async (weir, { first }) => {
    const { data, response } = await weir.sdk().chat.completions.create(hello).withResponse();
    assert.equal(data.choices[0].message.content, 'from the second');
    assert.equal(response.headers.get('x-weir-attempts'), '2');
    assert.match(response.headers.get('x-weir-trail'), /^first\/m#\S+=429\(\d+ms\); second\/m#\S+=ok/);
    assert.equal(await servedBy(weir), 'second/m');
    assert.equal(first.requests.length, 1);
  });
});

test('a stream falls back too, also on a 200 whose first event is an error', async () => {
  const failsInside = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end('data: {"error":{"message":"overloaded","type":"server_error","code":null}}\n\n');
  };
  await withWeir({ scripts: { first: failsInside, second: streams('Hel', 'lo') } }, async (weir) => {
    const { data: stream, response } = await weir.sdk().chat.completions.create({ ...hello, stream: true }).withResponse();
    let text = '';
    for await (const piece of stream) text += piece.choices[0]?.delta?.content ?? '';
    assert.equal(text, 'Hello');
    assert.equal(response.headers.get('x-weir-served-by'), 'second/m');
    assert.equal(response.headers.get('x-weir-attempts'), '2');
  });
});

test('a provider that is not there is passed over', async () => {
  await withWeir({ scripts: two }, async (weir, { first }) => {
    await first.stop();
    assert.equal(await servedBy(weir), 'second/m');
  });
});

test('who finds no room waits for it, and the better class waits less', async () => {
  const provider = await FakeProvider.start(answers('served'));
  const weir = await Weir.serve(yaml({ only: provider }, { limits: { only: '{rps: 2}' }, wait: 'deadline' }));
  const ask = async (priority) => {
    const headers = { 'x-weir-priority': priority };
    const { response } = await weir.sdk().chat.completions.create(hello, { headers }).withResponse();
    return { priority, waited: Number(response.headers.get('x-weir-queue-ms')) };
  };
  const ends = await Promise.all(['batch', 'batch', 'batch', 'batch', 'batch', 'batch', 'interactive'].map(ask));
  assert.equal(ends.length, 7);
  assert.equal(provider.requests.length, 7);
  const interactive = ends.find((end) => end.priority === 'interactive').waited;
  const slowest = Math.max(...ends.map((end) => end.waited));
  assert.ok(slowest > interactive, `${interactive} of ${slowest} ms`);
  await weir.stop();
  await provider.stop();
});

test('all out of quota for a moment: RateLimitError with the exact wait', async () => {
  await withWeir({ scripts: two, limits: { first: '{rpm: 1}', second: '{rpm: 1}' } }, async (weir) => {
    await servedBy(weir);
    await servedBy(weir);
    await assert.rejects(weir.sdk().chat.completions.create(hello), (error) => {
      assert.ok(error instanceof OpenAI.RateLimitError);
      assert.equal(error.type, 'rate_limit_error');
      assert.equal(error.code, 'rate_limit_exceeded');
      const ms = Number(error.headers.get('retry-after-ms'));
      assert.ok(ms > 0 && ms <= 61_000, `${ms}`);
      assert.equal(Number(error.headers.get('retry-after')), Math.ceil(ms / 1000));
      return true;
    });
  });
});

// Without x-should-retry this SDK would sleep until tomorrow.
test('all out of quota for the day: insufficient_quota, and the SDK does not try again', { timeout: 60_000 }, async () => {
  const limits = { first: '{rpd: {limit: 1, window: sliding}}' };
  await withWeir({ scripts: { first: answers('the only one') }, limits }, async (weir) => {
    await servedBy(weir);
    await assert.rejects(weir.sdk({ maxRetries: 2 }).chat.completions.create(hello), (error) => {
      assert.equal(error.status, 429);
      assert.equal(error.code, 'insufficient_quota');
      assert.equal(error.type, 'insufficient_quota');
      assert.equal(error.headers.get('x-should-retry'), 'false');
      assert.ok(Number(error.headers.get('retry-after')) > 3600);
      assert.match(error.message, /out of quota/);
      return true;
    });
  });
});
