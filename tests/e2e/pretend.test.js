// weir in front of pretend providers in the manners of real ones: as each says it, not as a script does.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PretendProviders } from './support/pretend.js';
import { Weir } from './support/weir.js';

const models = {
  groq: 'openai/gpt-oss-20b',
  openrouter: 'google/gemma-4-31b-it:free',
  mistral: 'mistral-small-latest',
  gemini: 'gemini-3.5-flash',
  cerebras: 'gpt-oss-120b',
  cohere: 'command-a-03-2025',
  nvidia: 'openai/gpt-oss-120b',
  plain: 'chatty-1',
};
const messages = [{ role: 'user', content: 'Hello' }];

let pretend;
let weir;
before(async () => {
  pretend = await PretendProviders.start(...Object.entries(models).map(([name, model]) => `${name}=${name}:${model}`));
  weir = await Weir.serve(`server: {listen: "127.0.0.1:0", threads: 2}\n${pretend.yaml}state: {store: memory}\n`);
});
after(async () => {
  await weir?.stop();
  await pretend?.stop();
});

for (const [name, model] of Object.entries(models)) {
  test(`${name} answers, streamed and not`, async () => {
    const whole = await weir.sdk().chat.completions.create({ model: `${name}/${model}`, messages });
    assert.match(whole.choices[0].message.content, new RegExp(`This is ${name}, a pretend provider`));
    assert.ok(whole.usage.completion_tokens > 0);
    const stream = await weir.sdk().chat.completions.create({ model: `${name}/${model}`, messages, stream: true });
    let text = '';
    for await (const piece of stream) text += piece.choices[0]?.delta?.content ?? '';
    assert.equal(text, whole.choices[0].message.content);
  });
}

test('what one refuses the next serves', async (context) => {
  const others = await PretendProviders.start(
    'mistral=mistral:mistral-small-latest?rpm=1',
    'nvidia=nvidia:chatty?rpm=1',
    'gemini=gemini:gemini-3.5-flash?rpm=1',
    'plain=plain:chatty-1',
  );
  context.after(() => others.stop());
  const front = await Weir.serve(
    // Limits that weir doesn't know of, so that it has to be told.
    `server: {listen: "127.0.0.1:0", threads: 2}\n${others.yaml.replaceAll(/rpm: \{[^}]*\}/g, '')}state: {store: memory}\n`,
  );
  context.after(() => front.stop());
  const servers = [];
  for (let i = 0; i < 5; ++i) {
    const { response } = await front.sdk().chat.completions.create({ model: 'in-order', messages }).withResponse();
    servers.push(response.headers.get('x-weir-served-by').split('/')[0]);
  }
  assert.deepEqual(servers, ['mistral', 'nvidia', 'gemini', 'plain', 'plain']);
});
