// One conversation with tools that goes from provider to provider, through the official SDK, with everything in its
// requests that one or the other refuses. Each turn is pinned to a provider, so that a refusal can't fall back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PretendProviders } from './support/pretend.js';
import { Weir } from './support/weir.js';

const models = {
  groq: 'openai/gpt-oss-20b',
  mistral: 'mistral-small-latest',
  magistral: 'magistral-small-latest',
  gemini: 'gemini-3.5-flash',
  cerebras: 'gpt-oss-120b',
  cohere: 'command-a-03-2025',
  nvidia: 'openai/gpt-oss-120b',
  openrouter: 'openai/gpt-oss-20b:free',
};
const manner = (name) => (name === 'magistral' ? 'mistral' : name);

const tools = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      description: 'The weather of a city',
      strict: true,
      parameters: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        properties: { city: { type: 'string' } },
        required: ['city'],
        additionalProperties: false,
      },
    },
  },
];
// What an agent that was written for OpenAI sends with each request.
const habits = {
  tools,
  parallel_tool_calls: true,
  max_completion_tokens: 400,
  temperature: 1.8,
  seed: 7,
  n: 1,
  frequency_penalty: -0.2,
  presence_penalty: 1.2,
  logprobs: true,
  top_logprobs: 2,
  logit_bias: { 50256: -100 },
  user: 'ann',
  store: false,
  metadata: { job: 'test' },
  service_tier: 'auto',
  reasoning_effort: 'minimal',
  verbosity: 'low',
  prompt_cache_key: 'k',
};

let pretend;
let weir;
before(async () => {
  pretend = await PretendProviders.start(
    ...Object.entries(models).map(([name, model]) => `${name}=${manner(name)}:${model}`),
  );
  weir = await Weir.serve(
    `server: {listen: "127.0.0.1:0", threads: 2}\n${pretend.yaml}state: {store: memory}\nlog: {level: debug}\n`,
  );
});
after(async () => {
  await weir?.stop();
  await pretend?.stop();
});

// An agent with its history; what the SDK gives back goes into the next request as it is.
class Agent {
  messages = [
    { role: 'developer', content: 'Be short.' },
    { role: 'user', name: 'ann', content: [{ type: 'text', text: 'Hello there' }] },
  ];
  calls = 0;

  async ask(provider, stream) {
    const request = { model: `${provider}/${models[provider]}`, messages: this.messages, ...habits };
    const sdk = weir.sdk();
    let message;
    if (stream) {
      const events = sdk.chat.completions.stream({ ...request, stream_options: { include_usage: true } });
      const whole = await events.finalChatCompletion();
      assert.ok(whole.usage.total_tokens > 0, `${provider} told no usage`);
      message = whole.choices[0].message;
    } else {
      const whole = await sdk.chat.completions.create(request);
      assert.match(whole.id, /./);
      assert.equal(whole.object, 'chat.completion');
      assert.ok(whole.usage.total_tokens > 0, `${provider} told no usage`);
      message = whole.choices[0].message;
    }
    this.messages.push(message);
    return message;
  }

  // A turn in which the model calls the tool and then answers with its result.
  async turn(provider, stream) {
    this.messages.push({ role: 'user', name: 'ann', content: `Please call get_weather for city number ${++this.calls}` });
    const called = await this.ask(provider, stream);
    assert.equal(called.tool_calls?.[0]?.function.name, 'get_weather', `${provider} called no tool`);
    assert.ok(JSON.parse(called.tool_calls[0].function.arguments).city);
    for (const call of called.tool_calls)
      this.messages.push({ role: 'tool', tool_call_id: call.id, content: `sunny ${this.calls}` });
    const answered = await this.ask(provider, stream);
    assert.equal(typeof answered.content, 'string');
    assert.match(answered.content, new RegExp(`sunny ${this.calls}`));
  }
}

for (const stream of [false, true]) {
  const how = stream ? 'streamed' : 'in whole answers';
  test(`a conversation moves from Groq to Mistral to Gemini and back, ${how}`, async () => {
    const agent = new Agent();
    for (const provider of ['groq', 'mistral', 'gemini', 'mistral', 'groq', 'gemini']) await agent.turn(provider, stream);
    assert.equal(agent.calls, 6);
  });

  test(`a conversation visits everyone, ${how}`, async () => {
    const agent = new Agent();
    for (const provider of Object.keys(models)) await agent.turn(provider, stream);
    for (const provider of Object.keys(models).reverse()) await agent.turn(provider, stream);
  });

  // The tool is called at one provider and its result goes to the next.
  test(`a call made by one is answered by the next, ${how}`, async () => {
    for (const [from, to] of [['groq', 'mistral'], ['mistral', 'gemini'], ['gemini', 'groq'], ['nvidia', 'gemini'], ['gemini', 'cohere'], ['magistral', 'cerebras']]) {
      const agent = new Agent();
      agent.messages.push({ role: 'user', content: 'Please call get_weather for Rome' });
      const called = await agent.ask(from, stream);
      for (const call of called.tool_calls)
        agent.messages.push({ role: 'tool', tool_call_id: call.id, content: 'rainy' });
      assert.match((await agent.ask(to, stream)).content, /rainy/, `${from} to ${to}`);
    }
  });
}

test('reasoning comes under one name, and content is text', async () => {
  for (const provider of ['groq', 'magistral', 'nvidia', 'cerebras', 'openrouter']) {
    const request = { model: `${provider}/${models[provider]}`, messages: [{ role: 'user', content: 'Think' }], reasoning_effort: 'high' };
    const whole = await weir.sdk().chat.completions.create(request);
    const { content, reasoning_content: thought, reasoning } = whole.choices[0].message;
    assert.equal(typeof content, 'string', provider);
    assert.equal(reasoning, undefined, provider);
    if (provider === 'nvidia') continue; // it takes no effort, and its model may not think
    assert.ok(thought?.length > 0, `${provider} shows no reasoning`);
  }
});

test('what was changed stands in the log at debug', async () => {
  await weir.sdk().chat.completions.create({ model: `mistral/${models.mistral}`, messages: [{ role: 'user', content: 'x' }], seed: 1, user: 'u' });
  await weir.untilLogged(/"request_adapted",.*"changes":"seed becomes random_seed; drop user"/);
});
