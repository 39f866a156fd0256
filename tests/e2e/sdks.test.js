// What each SDK makes of weir's answers: it shows the right error, asks again only where that helps, and never hangs.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FakeProvider, answers, chunk, completion, event, gate, hangs } from './support/provider.js';
import { refuses, says, sends, streams } from './support/provider.js';
import { sdks } from './support/sdks.js';
import { Weir, hello, yaml } from './support/weir.js';

const kRetries = 1; // of each SDK by itself; more would only take longer
const kHangsAfterMs = 60_000;
const kWays = ['chat', 'stream'];

const weather = { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } };
const called = [{ id: 'call_1', name: 'weather', input: { city: 'Oslo' } }];

const fails = refuses(500, { message: 'boom', type: 'server_error', code: null });

// By what is asked for, one or the other.
const either = (plain, stream) => (request, response) => (request.json.stream ? stream : plain)(request, response);
const greets = either(answers('Hello'), streams('Hel', 'lo'));
const greeting = { text: 'Hello', calls: [], finish: 'stop', tokens: 12 };

const callsTool = either(
  says(
    completion(null, {
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: null,
            tool_calls: [
              { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
            ],
          },
          finish_reason: 'tool_calls',
        },
      ],
    }),
  ),
  sends(
    chunk({
      role: 'assistant',
      content: null,
      tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }],
    }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '"Oslo"}' } }] }),
    chunk({}, 'tool_calls'),
  ),
);

// One client of one SDK, who asks in one way. Whoever shares a weir with others is told apart by the id.
class Visitor {
  #weir;

  constructor(sdk, way, weir) {
    this.sdk = sdk;
    this.way = way;
    this.id = idOf(sdk, way);
    this.#weir = weir;
  }

  async asks(more = {}) {
    const ask = { baseUrl: this.#weir.url, id: this.id, retries: kRetries, ...more };
    return this.sdk[this.way]({ ...ask, prompt: `${this.id} ${more.prompt ?? ''}` });
  }

  // What its SDK shows of the error that it must raise.
  async isRefused(more = {}) {
    const answer = await this.asks(more).catch((error) => ({ error: this.sdk.explain(error) }));
    assert.ok(answer.error, `no error but ${JSON.stringify(answer)}`);
    return answer.error;
  }
}

// Runs the body for each SDK and each way of asking, all at once against one weir. When all have ended, `seen` must be
// what came of each: the statuses of its requests to weir, and how many requests a provider had of them.
function eachVisitor(name, { ways = kWays, scripts, setUp = {}, seen }, body) {
  test(name, { concurrency: sdks.length * ways.length }, async (t) => {
    const providers = {};
    for (const [provider, script] of Object.entries(scripts)) providers[provider] = await FakeProvider.start(script);
    const weir = await Weir.serve(yaml(providers, setUp));
    try {
      const visitors = sdks.flatMap((sdk) => ways.map((way) => new Visitor(sdk, way, weir)));
      const visit = (visitor) =>
        t.test(visitor.id, { timeout: kHangsAfterMs }, () => body(visitor, { weir, providers }));
      await Promise.all(visitors.map(visit));
      weir.signal('SIGTERM'); // so that all is logged
      await weir.exited;
      const requests = Object.values(providers).flatMap((provider) => provider.requests);
      const came = (visitor) => ({
        weir: statuses(weir, visitor.id),
        providers: requests.filter((request) => isOf(visitor.id, request)).length,
      });
      const byVisitor = (look) => Object.fromEntries(visitors.map((visitor) => [visitor.id, look(visitor)]));
      assert.deepEqual(byVisitor(came), byVisitor(seen));
    } finally {
      await weir.stop();
      for (const provider of Object.values(providers)) await provider.stop();
    }
  });
}

function idOf(sdk, way) {
  return `${sdk.name}-${way}`.replaceAll(' ', '-');
}

// Of what a provider got: each visitor's prompt begins with its id.
function isOf(id, request) {
  return request.text.includes(`"${id} `);
}

function statuses(weir, id) {
  return weir.stderr
    .split('\n')
    .filter((line) => /"event":"request(_refused)?"/.test(line))
    .map((line) => JSON.parse(line))
    .filter((line) => line.request_id === id)
    .map((line) => line.status);
}

const served = () => ({ weir: [200], providers: 1 });

describe('an answer', { concurrency: 2 }, () => {
  eachVisitor('is whole', { scripts: { only: greets }, seen: served }, async (visitor) => {
    const pieces = [];
    const answer = await visitor.asks({ onText: (piece) => pieces.push(piece) });
    assert.deepEqual(answer, greeting);
    if (visitor.way === 'stream') assert.deepEqual(pieces, ['Hel', 'lo']);
  });

  const namesNoRole = either(
    says(completion(null, { choices: [{ index: 0, message: { content: 'Hello' }, finish_reason: 'stop' }] })),
    sends(chunk({ content: 'Hel' }), chunk({ content: 'lo' }), chunk({}, 'stop')),
  );
  const roleless = { scripts: { only: namesNoRole }, seen: served };
  eachVisitor('is whole where the provider names no role', roleless, async (visitor) => {
    const { text, finish } = await visitor.asks();
    assert.deepEqual({ text, finish }, { text: 'Hello', finish: 'stop' });
  });

  eachVisitor('calls a tool', { scripts: { only: callsTool }, seen: served }, async (visitor, { providers }) => {
    const answer = await visitor.asks({ tools: [weather] });
    assert.deepEqual(answer.calls, called);
    assert.equal(answer.finish, 'tool_calls');
    const { json } = providers.only.requests.find((request) => isOf(visitor.id, request));
    assert.equal(json.tools[0].function.name, 'weather');
  });
});

// The table of errors in the order of the contract: what is asked, of what weir, and what the SDK must show.
const keys = 'auth:\n  keys:\n    - {name: all, key: sk-all}\n    - {name: narrow, key: sk-narrow, models: ["other*"]}';
const invalid = 'invalid_request_error';
const refusals = [
  {
    name: 'a bad field',
    ask: { extra: { stream_options: 'all' } },
    error: { status: 400, type: invalid, code: null, param: 'stream_options' },
  },
  {
    name: 'a wrong key',
    setUp: { more: keys },
    ask: { apiKey: 'sk-none' },
    error: { status: 401, type: invalid, code: 'invalid_api_key', param: null },
  },
  {
    name: 'a key that may not use the model',
    setUp: { more: keys },
    ask: { apiKey: 'sk-narrow' },
    error: { status: 403, type: invalid, code: 'model_not_allowed', param: 'model' },
  },
  {
    name: 'an unknown model',
    ask: { model: 'smrat' },
    error: { status: 404, type: invalid, code: 'model_not_found', param: 'model' },
    message: /did you mean "smart"/,
  },
  {
    name: 'an unknown path',
    path: '/v9',
    error: { status: 404, type: invalid, code: 'unknown_url', param: null },
  },
  {
    name: 'a prompt that is larger than every target',
    ask: { prompt: 'word '.repeat(60_000) },
    error: { status: 400, type: invalid, code: 'context_length_exceeded', param: 'messages' },
    message: /shorten it/,
  },
  {
    name: 'a body that is too large',
    setUp: { server: 'max_body: 64KiB' },
    ask: { prompt: 'word '.repeat(1_600_000) }, // it is read to its end, so that the SDK hears the answer
    error: { status: 413, type: invalid, code: 'request_too_large', param: null },
  },
  {
    name: 'no quota left for the day',
    setUp: { limits: { only: '{rpd: 1}' } },
    prepare: (weir) => weir.sdk().chat.completions.create(hello),
    error: { status: 429, type: 'insufficient_quota', code: 'insufficient_quota', param: null },
    message: /out of quota; it is back at 20/,
    isFinal: true,
  },
  {
    name: 'all targets fail',
    scripts: { first: fails, second: fails },
    setUp: { routing: 'max_attempts: 2, breaker: {failures: 0}' },
    error: { status: 502, type: 'server_error', code: 'upstream_error', param: null },
    message: /first\/m#main=500.*second\/m#main=500/,
    isFinal: true,
    attempts: 2,
  },
  {
    name: 'the deadline is spent',
    scripts: { only: hangs() },
    setUp: { routing: 'deadline: 300ms, breaker: {failures: 0}' },
    ask: { maxTokens: 1 }, // a plain answer is given the time to write what it may
    error: { status: 504, type: 'server_error', code: 'upstream_timeout', param: null },
    isFinal: true,
    attempts: 1,
  },
];

describe('a refusal', { concurrency: refusals.length }, () => {
  for (const row of refusals) {
    const { name, scripts = { only: greets }, setUp, prepare, path = '/v1', error, message = /./ } = row;
    const { isFinal = false, attempts = 0 } = row;
    const seen = ({ sdk }) => {
      const times = isFinal && sdk.comesBack(error) ? 1 + kRetries : 1;
      return { weir: Array(times).fill(error.status), providers: times * attempts };
    };
    let prepared;
    eachVisitor(name, { scripts, setUp, seen }, async (visitor, { weir }) => {
      await (prepared ??= prepare?.(weir));
      const shown = await visitor.isRefused({ baseUrl: weir.origin + path, ...row.ask });
      const { status, type, code, param } = shown;
      assert.deepEqual({ status, type, code, param }, error);
      assert.match(shown.message, message);
      if (isFinal) assert.equal(shown.header('x-should-retry'), 'false');
    });
  }
});

// A provider for each visitor alone, by its id: what it says of itself is for all who ask it.
function eachOwn(script) {
  return Object.fromEntries(sdks.flatMap((sdk) => kWays.map((way) => [idOf(sdk, way), script()])));
}

// The SDK comes back by itself at the moment that it was told, and sees no error.
describe('a wait', { concurrency: 2 }, () => {
  // Longer than any SDK waits that isn't told.
  const refusesOnce = () => {
    let asked = 0;
    return (request, response) =>
      (asked++ === 0
        ? refuses(429, { message: 'slow down', type: 'rate_limit', code: null }, { 'retry-after': '3' })
        : greets)(request, response);
  };
  eachVisitor(
    'for quota that is back soon',
    {
      scripts: eachOwn(refusesOnce),
      setUp: { routing: 'max_attempts: 1' },
      seen: () => ({ weir: [429, 200], providers: 2 }),
    },
    async (visitor) => {
      const answer = await visitor.asks({ model: `${visitor.id}/m` });
      assert.equal(answer.text, 'Hello');
    },
  );

  // Who asks for it takes the only place until the test has it released.
  const kHolds = 'hold the only place';
  const holds = () => {
    const taken = gate();
    const released = gate();
    const script = async (request, response) => {
      if (request.text.includes(kHolds)) {
        taken.open();
        await released.opened;
      }
      greets(request, response);
    };
    return Object.assign(script, { taken, released });
  };
  const places = eachOwn(holds);
  eachVisitor(
    'for a place where nobody may wait',
    {
      scripts: places,
      setUp: {
        limits: Object.fromEntries(Object.keys(places).map((provider) => [provider, '{concurrency: 1}'])),
        wait: 'deadline',
        queue: 'max_length: 0',
      },
      seen: () => ({ weir: [503, 503, 200], providers: 1 }),
    },
    async (visitor, { weir }) => {
      const model = `${visitor.id}/m`;
      const { taken, released } = places[visitor.id];
      const holder = { model, messages: [{ role: 'user', content: kHolds }] };
      const held = weir.sdk().chat.completions.create(holder);
      await taken.opened;
      const { status, type, code } = await visitor.isRefused({ model, retries: 0 });
      assert.deepEqual({ status, type, code }, { status: 503, type: 'server_error', code: 'overloaded' });
      const answered = visitor.asks({ model });
      await weir.until(() => statuses(weir, visitor.id).length > 1, 'the second refusal');
      released.open();
      await held;
      assert.equal((await answered).text, 'Hello');
    },
  );
});

// What a window of a minute asks for when it has just been filled. Its end isn't waited for here.
test('a wait of a whole minute is believed', async (t) => {
  const refusing = refuses(429, { message: 'slow down', type: 'rate_limit', code: null }, { 'retry-after': '60' });
  const providers = {};
  for (const sdk of sdks) providers[idOf(sdk, 'chat')] = await FakeProvider.start(refusing);
  const weir = await Weir.serve(yaml(providers, { routing: 'max_attempts: 1' }));
  const { setTimeout } = globalThis;
  for (const sdk of sdks)
    await t.test(sdk.name, async (t) => {
      const waits = [];
      t.mock.method(globalThis, 'setTimeout', (act, ms, ...more) => {
        if (ms <= 59_000 || ms > 60_000) return setTimeout(act, ms, ...more);
        waits.push(ms);
        return setTimeout(act, 0, ...more);
      });
      const visitor = new Visitor(sdk, 'chat', weir);
      const shown = await visitor.isRefused({ model: `${visitor.id}/m` });
      assert.equal(shown.type, 'rate_limit_error');
      assert.equal(shown.code, 'rate_limit_exceeded');
      assert.equal(waits.length, kRetries);
    });
  await weir.stop();
  for (const provider of Object.values(providers)) await provider.stop();
});

// Once the client has seen some of it nobody else may go on with it. That it isn't whole must not be taken for its end.
describe('a stream', { concurrency: 4 }, () => {
  const ways = ['stream'];
  const unbroken = { routing: 'breaker: {failures: 0}' };
  const kSoFar = 'half an ans';
  const failure = (message) => ({ error: { message, type: 'server_error', code: null } });
  const broken = {
    'that is cut off': { end: (response) => response.destroy(), message: /cut short/ },
    'that ends without a reason': { end: (response) => response.end(), message: /ended the stream before its end/ },
    'that ends in an error': {
      end: (response) => response.end(event(failure('out of memory'))),
      message: /out of memory/,
    },
  };
  for (const [name, { end, message }] of Object.entries(broken)) {
    const heard = Object.fromEntries(sdks.map((sdk) => [idOf(sdk, 'stream'), gate()]));
    const script = async (request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(event(chunk({ role: 'assistant', content: kSoFar })));
      await Object.entries(heard).find(([id]) => isOf(id, request))[1].opened;
      end(response);
    };
    const scripts = { first: script, second: greets };
    eachVisitor(name, { ways, scripts, setUp: unbroken, seen: served }, async (visitor) => {
      let text = '';
      const shown = await visitor.isRefused({
        onText: (piece) => {
          text += piece;
          heard[visitor.id].open();
        },
      });
      assert.equal(text, kSoFar);
      assert.equal(shown.type, 'server_error');
      assert.equal(shown.code, 'upstream_error');
      assert.match(shown.message, message);
    });
  }

  const failsInside = sends(failure('overloaded'));
  eachVisitor(
    'that begins with an error is served by another',
    {
      ways,
      scripts: { first: failsInside, second: greets },
      setUp: unbroken,
      seen: () => ({ weir: [200], providers: 2 }),
    },
    async (visitor) => assert.deepEqual(await visitor.asks(), greeting),
  );
});

describe('a client that leaves', { concurrency: 2 }, () => {
  // Begins and goes no further; the test gets hold of the request.
  const stalls = (begin) => {
    const arrived = gate();
    const script = (request, response) => {
      begin(response);
      arrived.open(request);
    };
    return Object.assign(script, { arrived });
  };
  const leaves = async (visitor, script, moment, more) => {
    const controller = new AbortController();
    const waiting = visitor.isRefused({ model: `${visitor.id}/m`, signal: controller.signal, ...more });
    await moment;
    controller.abort();
    assert.equal((await waiting).isAbort, true);
    const request = await script.arrived.opened;
    assert.equal(await request.hungUp, true);
  };

  const silent = eachOwn(() => stalls(() => {}));
  const gone = () => ({ weir: [499], providers: 1 });
  eachVisitor('before the first byte', { scripts: silent, seen: gone }, async (visitor) => {
    const script = silent[visitor.id];
    await leaves(visitor, script, script.arrived.opened);
  });

  const talking = eachOwn(() =>
    stalls((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(event(chunk({ role: 'assistant', content: 'Hel' })));
    }),
  );
  eachVisitor('in mid-stream', { ways: ['stream'], scripts: talking, seen: served }, async (visitor) => {
    const heard = gate();
    await leaves(visitor, talking[visitor.id], heard.opened, { onText: heard.open });
  });
});

describe('beside that', { concurrency: 2 }, () => {
  const twice = () => ({ weir: [200, 200], providers: 2 });
  const prefixed = { scripts: { only: greets }, seen: twice };
  eachVisitor('a base URL may lack its v1 or have a prefix', prefixed, async (visitor, { weir }) => {
    for (const baseUrl of [weir.origin, `${weir.origin}/openai/v1`]) {
      const answer = await visitor.asks({ baseUrl });
      assert.equal(answer.text, 'Hello');
    }
  });

  test('the models are listed', async (t) => {
    const only = await FakeProvider.start(greets);
    const weir = await Weir.serve(yaml({ only }));
    for (const sdk of sdks.filter((sdk) => sdk.models))
      await t.test(sdk.name, async () => {
        assert.deepEqual(await sdk.models({ baseUrl: weir.url, id: 'models' }), ['smart', 'gpt-4o', 'only/m']);
      });
    await weir.stop();
    await only.stop();
  });
});
