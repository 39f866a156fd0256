// Streams with the official SDK: pieces as they come, an honest end, and a client that leaves.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { APIError, APIUserAbortError } from 'openai';
import { FakeProvider, chunk, event, gate, hangs, streams, streamsStepwise } from './support/provider.js';
import { Weir, hello, yaml } from './support/weir.js';

let provider;
let weir;
before(async () => {
  provider = await FakeProvider.start(streams('Hel', 'lo'));
  weir = await Weir.serve(yaml({ first: provider }));
});
after(async () => {
  await weir.stop();
  await provider.stop();
});
beforeEach(() => {
  provider.requests.length = 0;
});

const streamed = { ...hello, stream: true };

async function rawStream(body) {
  const response = await fetch(`${weir.url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { response, text: await response.text() };
}

test('the words arrive and the stream ends', async () => {
  const { data: stream, response } = await weir.sdk().chat.completions.create(streamed).withResponse();
  let text = '';
  let last;
  for await (const piece of stream) {
    last = piece;
    text += piece.choices[0]?.delta?.content ?? '';
  }
  assert.equal(text, 'Hello');
  assert.equal(last.choices[0].finish_reason, 'stop');
  assert.match(response.headers.get('content-type'), /^text\/event-stream/);
  assert.equal(response.headers.get('x-weir-served-by'), 'first/m');
});

test('each piece arrives before the next is sent', async () => {
  const words = ['one', 'two', 'three', 'four'];
  const gates = words.map(() => gate());
  provider.play(streamsStepwise(words, gates), streams('again'));
  gates[0].open();
  const stream = await weir.sdk().chat.completions.create(streamed);
  const seen = [];
  for await (const piece of stream) {
    const word = piece.choices[0].delta.content;
    if (word === undefined) continue;
    seen.push(word);
    gates[seen.length]?.open(); // had this piece been held back, the next would never come
  }
  assert.deepEqual(seen, words);
});

test('usage is asked of the provider, and told only to who asked', async () => {
  provider.play(streams('Hello'));
  const silent = await rawStream(streamed);
  assert.equal(provider.requests[0].json.stream_options.include_usage, true);
  assert.ok(!silent.text.includes('"usage"'), silent.text);
  assert.ok(silent.text.endsWith('data: [DONE]\n\n'));

  const asking = { ...streamed, stream_options: { include_usage: true } };
  const stream = await weir.sdk().chat.completions.create(asking);
  let usage;
  for await (const piece of stream) usage = piece.usage ?? usage;
  assert.equal(usage.total_tokens, 12);
});

test('a stream that breaks raises an error and has no [DONE]', async () => {
  const breaks = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(event(chunk({ content: 'half an ans' })), () => response.destroy());
  };
  provider.play(breaks);
  const stream = await weir.sdk().chat.completions.create(streamed);
  let text = '';
  await assert.rejects(async () => {
    for await (const piece of stream) text += piece.choices[0].delta.content ?? '';
  }, APIError);
  assert.equal(text, 'half an ans');

  const raw = await rawStream(streamed);
  assert.equal(raw.response.status, 200);
  assert.ok(raw.text.includes('"finish_reason":"error"'), raw.text);
  assert.ok(raw.text.includes('"error":{'), raw.text);
  assert.ok(!raw.text.includes('[DONE]'), raw.text);
});

test('an error inside the stream raises an error', async () => {
  const seen = gate();
  provider.play(async (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(event(chunk({ content: 'so far' })));
    await seen.opened;
    response.end(event({ error: { message: 'out of memory', type: 'server_error', code: null } }));
  });
  const stream = await weir.sdk().chat.completions.create(streamed);
  await assert.rejects(async () => {
    for await (const _ of stream) seen.open();
  }, APIError);
  assert.equal(provider.requests.length, 1); // no other answer is spliced in
});

test('leaving in mid-stream ends the request upstream', async () => {
  const gates = [gate(), gate()];
  provider.play(streamsStepwise(['first', 'never'], gates));
  gates[0].open();
  const stream = await weir.sdk().chat.completions.create(streamed);
  for await (const piece of stream) {
    assert.equal(piece.choices[0].delta.content, 'first');
    break; // the SDK aborts its request
  }
  assert.equal(await provider.requests[0].hungUp, true);
});

test('leaving before the first byte ends the request upstream', async () => {
  for (const body of [hello, streamed]) {
    provider.requests.length = 0;
    const asked = gate();
    provider.play(() => asked.open());
    const controller = new AbortController();
    const waiting = weir.sdk().chat.completions.create(body, { signal: controller.signal });
    await asked.opened;
    controller.abort();
    await assert.rejects(waiting, APIUserAbortError);
    assert.equal(await provider.requests[0].hungUp, true);
  }
  provider.play(hangs());
});
