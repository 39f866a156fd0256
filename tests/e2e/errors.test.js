// Each error class of the official SDK, raised by weir's own answers and by what providers say.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { FakeProvider, answers, refuses } from './support/provider.js';
import { Weir, hello, yaml } from './support/weir.js';

const clients = 'auth:\n  keys:\n    - {name: laptop, key: sk-client-one}\n    - {name: narrow, key: sk-client-two, models: ["other*"]}';

let provider;
let weir;
let guarded;
before(async () => {
  provider = await FakeProvider.start(answers('fine'));
  weir = await Weir.serve(yaml({ first: provider }));
  guarded = await Weir.serve(yaml({ first: provider }, { more: clients }));
});
after(async () => {
  await weir.stop();
  await guarded.stop();
  await provider.stop();
});

async function raised(promise, type) {
  let error;
  await assert.rejects(promise, (e) => {
    error = e;
    return e instanceof type;
  });
  assert.equal(typeof error.error.message, 'string');
  assert.match(error.error.weir.request_id, /./);
  return error;
}

test('a bad field: BadRequestError that names it', async () => {
  const error = await raised(weir.sdk().chat.completions.create({ model: 'smart', messages: 'Hello' }), OpenAI.BadRequestError);
  assert.equal(error.status, 400);
  assert.equal(error.type, 'invalid_request_error');
  assert.equal(error.param, 'messages');
});

test('no JSON: a JSON 400 all the same', async () => {
  const response = await fetch(`${weir.url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"model": ',
  });
  assert.equal(response.status, 400);
  assert.equal((await response.json()).error.type, 'invalid_request_error');
});

test("the provider's own 400 comes through", async () => {
  provider.play(refuses(400, { message: 'temperature is too hot', type: 'invalid_request_error', code: null }), answers('fine'));
  const error = await raised(weir.sdk().chat.completions.create(hello), OpenAI.BadRequestError);
  assert.match(error.message, /temperature is too hot/);
});

test('no key and a wrong key: AuthenticationError', async () => {
  const error = await raised(guarded.sdk().chat.completions.create(hello), OpenAI.AuthenticationError);
  assert.equal(error.status, 401);
  assert.equal(error.code, 'invalid_api_key');
  const response = await fetch(`${guarded.url}/models`);
  assert.equal(response.status, 401);
});

test('the right key, either way it is sent', async () => {
  const answer = await guarded.sdk({ apiKey: 'sk-client-one' }).chat.completions.create(hello);
  assert.equal(answer.choices[0].message.content, 'fine');
  const response = await fetch(`${guarded.url}/models`, { headers: { 'x-api-key': 'sk-client-one' } });
  assert.equal(response.status, 200);
});

test('a key that may not use the model: PermissionDeniedError', async () => {
  const error = await raised(
    guarded.sdk({ apiKey: 'sk-client-two' }).chat.completions.create(hello),
    OpenAI.PermissionDeniedError,
  );
  assert.equal(error.code, 'model_not_allowed');
});

test('an unknown model: NotFoundError with a near name', async () => {
  const error = await raised(weir.sdk().chat.completions.create({ ...hello, model: 'smrat' }), OpenAI.NotFoundError);
  assert.equal(error.code, 'model_not_found');
  assert.match(error.message, /smart/);
});

test('an unknown path and a feature to come: JSON 404', async () => {
  for (const path of ['/v1/chat/complétions', '/v1/embeddings', '/v2/anything']) {
    const response = await fetch(weir.origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    assert.equal(response.status, 404, path);
    assert.equal((await response.json()).error.code, 'unknown_url', path);
  }
});

test('all targets failed: InternalServerError 502, not to be retried', async () => {
  provider.play(refuses(500, { message: 'boom', type: 'server_error', code: null }));
  const error = await raised(weir.sdk({ maxRetries: 2 }).chat.completions.create(hello), OpenAI.InternalServerError);
  assert.equal(error.status, 502);
  assert.equal(error.code, 'upstream_error');
  assert.equal(error.headers.get('x-should-retry'), 'false');
  assert.ok(error.error.weir.attempts.length >= 1);
  provider.play(answers('fine'));
});
