// A plain chat with the official SDK: what goes up, what comes down, and what there is to ask for.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { FakeProvider, answers } from './support/provider.js';
import { Weir, hello, yaml } from './support/weir.js';

let provider;
let weir;
before(async () => {
  provider = await FakeProvider.start(answers('Good day'));
  weir = await Weir.serve(yaml({ first: provider }, { keys: { first: 'sk-of-the-provider' } }));
});
after(async () => {
  await weir.stop();
  await provider.stop();
});
beforeEach(() => {
  provider.requests.length = 0;
});

test('an answer comes back as the provider wrote it', async () => {
  const answer = await weir.sdk().chat.completions.create(hello);
  assert.equal(answer.choices[0].message.content, 'Good day');
  assert.equal(answer.model, 'upstream-name');
  assert.equal(answer.usage.total_tokens, 12);
});

test('the head says who served and what it took', async () => {
  const { response } = await weir.sdk().chat.completions.create(hello).withResponse();
  const head = response.headers;
  assert.equal(head.get('x-weir-served-by'), 'first/m');
  assert.equal(head.get('x-weir-attempts'), '1');
  assert.match(head.get('x-weir-trail'), /^first\/m#\S+=ok(\(\d+ms\))?$/);
  assert.match(head.get('x-request-id'), /^req_/);
  assert.match(head.get('openai-processing-ms'), /^\d+$/);
  assert.match(head.get('x-weir-overhead-us'), /^\d+$/);
  assert.match(head.get('x-weir-queue-ms'), /^\d+$/);
});

test("the client's request id is kept", async () => {
  const { response } = await weir
    .sdk()
    .chat.completions.create(hello, { headers: { 'x-request-id': 'my-own-id-1' } })
    .withResponse();
  assert.equal(response.headers.get('x-request-id'), 'my-own-id-1');
});

test('upstream sees its own model name and key, and nothing of the client', async () => {
  await weir.sdk().chat.completions.create(hello, { headers: { 'x-weir-priority': 'batch', cookie: 'a=b' } });
  const [request] = provider.requests;
  assert.equal(request.path, '/v1/chat/completions');
  assert.equal(request.json.model, 'upstream/m');
  assert.equal(request.headers.authorization, 'Bearer sk-of-the-provider');
  assert.equal(request.headers.cookie, undefined);
  const leaked = Object.keys(request.headers).filter((name) => /^x-(weir|stainless|request-id)/.test(name));
  assert.deepEqual(leaked, []);
  assert.ok(!JSON.stringify(request.headers).includes('whatever'));
});

test('all but the model goes through byte for byte', async () => {
  const body =
    '{ "messages":[{"role":"user","content":"caf\\u00e9 \u{1F30A}"}],\n\t"model" : "gpt-4o", "temperature":1.50, "made_up":{"b":1e2,"a":[ ]} }';
  const response = await fetch(`${weir.url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  assert.equal(response.status, 200);
  assert.equal(provider.requests[0].text, body.replace('"gpt-4o"', '"upstream/m"'));
});

test('models lists what may be asked for', async () => {
  const names = [];
  for await (const model of weir.sdk().models.list()) names.push(model.id);
  assert.deepEqual(names.slice(0, 2).sort(), ['gpt-4o', 'smart']);
  assert.ok(names.includes('first/m'));
  const one = await weir.sdk().models.retrieve('smart');
  assert.equal(one.id, 'smart');
  assert.equal(one.object, 'model');
  assert.equal(typeof one.weir, 'object');
});

test('every name of a model is served', async () => {
  for (const model of ['smart', 'gpt-4o', 'first/m']) {
    const { data, response } = await weir.sdk().chat.completions.create({ ...hello, model }).withResponse();
    assert.equal(data.choices[0].message.content, 'Good day');
    assert.equal(response.headers.get('x-weir-served-by'), 'first/m');
  }
});

test('a base URL set wrong works all the same', async () => {
  for (const baseURL of [weir.origin, `${weir.origin}/openai/v1`, `${weir.origin}/v1/`]) {
    const answer = await weir.sdk({ baseURL }).chat.completions.create(hello);
    assert.equal(answer.choices[0].message.content, 'Good day');
  }
});

test('health needs no provider', async () => {
  for (const path of ['/livez', '/readyz', '/healthz']) {
    const response = await fetch(weir.origin + path);
    assert.equal(response.status, 200, path);
    await response.text();
  }
  assert.equal(provider.requests.length, 0);
});

test('many clients at once all get their own answer', async () => {
  provider.play((request, response) => answers(request.json.messages[0].content)(request, response));
  const asked = Array.from({ length: 50 }, (_, i) => `number ${i}`);
  const said = await Promise.all(
    asked.map(async (content) => {
      const answer = await weir.sdk().chat.completions.create({ ...hello, messages: [{ role: 'user', content }] });
      return answer.choices[0].message.content;
    }),
  );
  assert.deepEqual(said, asked);
  provider.play(answers('Good day'));
});
