// Answers that lack what SDKs expect, as the official SDK sees them through weir.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FakeProvider, chunk, says, sends, usageChunk } from './support/provider.js';
import { Weir, hello, yaml } from './support/weir.js';

let provider;
let weir;
before(async () => {
  provider = await FakeProvider.start(says({}));
  weir = await Weir.serve(yaml({ first: provider }));
});
after(async () => {
  await weir.stop();
  await provider.stop();
});

const chat = () => weir.sdk().chat.completions;
const asking = { ...hello, stream: true, stream_options: { include_usage: true } };

async function pieces(request) {
  const all = [];
  for await (const piece of await chat().create(request)) all.push(piece);
  return all;
}

// What the SDK's own accumulator makes of the stream.
const accumulated = (request) => chat().stream(request).finalChatCompletion();

test('a plain answer that lacks nearly everything', async () => {
  provider.play(says({ choices: [{ index: 0, message: { role: 'assistant', content: 'Good day', reasoning: 'hm' } }] }));
  const answer = await chat().create(hello);
  assert.match(answer.id, /^chatcmpl-req_/);
  assert.equal(answer.object, 'chat.completion');
  assert.ok(Math.abs(answer.created - Date.now() / 1000) < 3600);
  assert.equal(answer.model, 'upstream/m');
  assert.equal(answer.choices[0].finish_reason, 'stop');
  assert.equal(answer.choices[0].message.content, 'Good day');
  assert.equal(answer.choices[0].message.reasoning_content, 'hm');
  assert.equal(answer.usage.estimated, true);
  assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
});

test('a stream whose content comes as thinking and text parts', async () => {
  const thinks = (text) => ({ content: [{ type: 'thinking', thinking: [{ type: 'text', text }] }] });
  provider.play(
    sends(
      chunk({ role: 'assistant', ...thinks('Let me ') }),
      chunk(thinks('see: "é"')),
      chunk({ content: [{ type: 'text', text: 'Good\n' }] }),
      chunk({ content: 'day' }, 'stop'),
    ),
  );
  const deltas = (await pieces({ ...hello, stream: true })).map((piece) => piece.choices[0].delta);
  assert.equal(deltas.map((delta) => delta.reasoning_content ?? '').join(''), 'Let me see: "é"');
  assert.equal(deltas.map((delta) => delta.content ?? '').join(''), 'Good\nday');
  assert.equal((await accumulated({ ...hello, stream: true })).choices[0].message.content, 'Good\nday');
});

test('usage that grows in every chunk is told once', async () => {
  const counts = (tokens) => ({ usage: { prompt_tokens: 9, completion_tokens: tokens, total_tokens: 9 + tokens } });
  const words = [
    { ...chunk({ content: 'Good ' }), ...counts(1) },
    { ...chunk({ content: 'day' }), ...counts(2) },
  ];
  const endings = [
    [{ ...chunk({}, 'stop'), ...counts(3) }],
    [{ ...chunk({}, 'stop'), ...counts(3) }, usageChunk],
    [chunk({}, 'stop'), usageChunk],
    [{ ...chunk({}), ...counts(3) }],
  ];
  for (const ending of endings) {
    provider.play(sends(...words, ...ending));
    const told = (await pieces(asking)).filter((piece) => piece.usage);
    assert.deepEqual(told.map((piece) => piece.usage), [counts(3).usage]);
  }
});

test('usage that is never told is estimated', async () => {
  provider.play(sends(chunk({ content: 'Good day' }), chunk({}, 'stop')));
  const told = (await pieces(asking)).filter((piece) => piece.usage);
  assert.equal(told.length, 1);
  assert.equal(told[0].usage.estimated, true);
  assert.deepEqual(told[0].choices, []);
});

test('tool calls without an index, each whole in a chunk of its own', async () => {
  const call = (id, city) => ({
    tool_calls: [
      {
        id,
        function: { name: 'weather', arguments: JSON.stringify({ city }) },
        extra_content: { google: { thought_signature: `s-${id}` } },
      },
    ],
  });
  provider.play(sends(chunk({ role: 'assistant', ...call('a', 'Bern') }), chunk(call('b', 'Wien'))));
  const request = { ...hello, stream: true };
  const calls = (await pieces(request)).flatMap((piece) => piece.choices[0].delta.tool_calls ?? []);
  assert.deepEqual(calls.map(({ index, id, type }) => [index, id, type]), [
    [0, 'a', 'function'],
    [1, 'b', 'function'],
  ]);
  assert.equal(calls[1].extra_content.google.thought_signature, 's-b');

  const { message, finish_reason: finishReason } = (await accumulated(request)).choices[0];
  assert.equal(finishReason, 'tool_calls');
  assert.deepEqual(message.tool_calls.map((one) => JSON.parse(one.function.arguments).city), ['Bern', 'Wien']);
});
