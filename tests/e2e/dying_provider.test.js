// A provider dies under load and comes back: no client notices, it is left alone meanwhile, and then it serves again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeProvider, answers, gate, refuses, streams } from './support/provider.js';
import { Weir, yaml } from './support/weir.js';

const kClients = 20;
const kFailures = 3;
const kOpenForMs = 100;
const kShare = 30; // requests that show that a provider has its part of the load
const kMeanwhile = 150; // requests, of which a third would be its own
const kTakesMs = [5, 25];
const kWholeStream = /"Hel".*"lo".*"stop".*\[DONE\]/s;
const kTooLongMs = 60_000;

function aWhile() {
  const [least, most] = kTakesMs;
  return new Promise((resolve) => setTimeout(resolve, least + Math.random() * (most - least)));
}

// After a while, and then all at once: of an answer that has begun nothing can be lost, so none has to break.
async function serves(request, response) {
  await aWhile();
  response.cork();
  (request.json.stream ? streams('Hel', 'lo') : answers('Hello'))(request, response);
  response.uncork();
}

// Clients that ask again as soon as they have been answered, by turns for a stream.
class Crowd {
  failures = [];
  trails = []; // where each request has been, as weir says
  #weir;
  #isOver = false;
  #underWay = new Set();
  #watchers = new Set();
  #clients;

  constructor(weir) {
    this.#weir = weir;
    this.#clients = Array.from({ length: kClients }, (_, i) => this.#client(i));
  }

  // How often weir has tried that provider.
  tries(provider) {
    return this.trails.flatMap((trail) => trail.split('; ')).filter((hop) => hop.startsWith(`${provider}/`)).length;
  }

  // Resolves as soon as a request ends and the predicate is satisfied.
  until(predicate) {
    return new Promise((resolve) => this.#watchers.add({ predicate, resolve }));
  }

  // Until all have ended that are under way now.
  async round() {
    await Promise.all([...this.#underWay]);
  }

  async stop() {
    this.#isOver = true;
    await Promise.all(this.#clients);
  }

  async #client(number) {
    for (let i = 0; !this.#isOver; ++i) {
      const asked = this.#ask(`${number} asks ${i}`, (number + i) % 2 === 0);
      this.#underWay.add(asked);
      await asked;
      this.#underWay.delete(asked);
      for (const watcher of [...this.#watchers]) {
        if (!watcher.predicate()) continue;
        this.#watchers.delete(watcher);
        watcher.resolve();
      }
    }
  }

  async #ask(content, stream) {
    try {
      const response = await fetch(`${this.#weir.url}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'smart', messages: [{ role: 'user', content }], stream }),
      });
      const text = await response.text();
      const isWhole = stream ? kWholeStream.test(text) : text.includes('"Hello"');
      if (response.status !== 200 || !isWhole) this.failures.push(`${response.status} ${text}`);
      this.trails.push(response.headers.get('x-weir-trail') ?? '');
    } catch (error) {
      this.failures.push(`${error.message}: ${error.cause?.message}`);
    }
  }
}

// Probes that may have failed within that time: after each the pause is twice as long.
function probesWithin(ms) {
  return Math.floor(Math.log2(ms / kOpenForMs + 1));
}

// How a provider dies, and what brings it back. Connections that can't be made count for the account, and failures
// after that for the model: it may take both to leave it alone.
const deaths = {
  'is gone': { die: (provider) => provider.crash(), revive: (provider) => provider.restart(), breakers: 2 },
  'answers 500': { die: (provider, fails) => provider.play(fails), revive: () => {}, breakers: 1 },
};

for (const [name, { die, revive, breakers }] of Object.entries(deaths))
  test(`one of three that ${name}`, { timeout: kTooLongMs }, async (t) => {
    const mortal = await FakeProvider.start(serves);
    const others = { second: await FakeProvider.start(serves), third: await FakeProvider.start(serves) };
    const weir = await Weir.serve(
      yaml(
        { mortal, ...others },
        {
          strategy: 'weighted',
          routing: `breaker: {failures: ${kFailures}, open_for: ${kOpenForMs}ms}`,
          more: 'log: {access: false}',
        },
      ),
    );
    const crowd = new Crowd(weir);
    t.after(async () => {
      const stopped = crowd.stop();
      await weir.stop();
      await stopped;
      for (const provider of [mortal, ...Object.values(others)]) await provider.stop();
    });
    await crowd.until(() => mortal.requests.length >= kShare);

    const diedAt = performance.now();
    const atOnce = { now: 0, most: 0 };
    await die(mortal, async (request, response) => {
      atOnce.most = Math.max(atOnce.most, ++atOnce.now);
      await aWhile();
      --atOnce.now;
      refuses(500, { message: 'boom', type: 'server_error', code: null })(request, response);
    });
    await weir.until(() => weir.stderr.includes('"target_failing"'), 'the breaker');
    await crowd.round(); // what was under way then has ended

    atOnce.most = atOnce.now;
    const asked = crowd.trails.length;
    const tried = crowd.tries('mortal');
    await crowd.until(() => crowd.tries('mortal') >= tried + 2 && crowd.trails.length >= asked + kMeanwhile);
    const probes = crowd.tries('mortal') - tried;
    const most = breakers * probesWithin(performance.now() - diedAt) + (breakers - 1) * kFailures;
    assert.ok(probes <= most, `${probes} probes where ${most} may be`);
    assert.ok(atOnce.most <= 1, `${atOnce.most} probes at once`);

    const probe = { arrived: gate(), released: gate() };
    const lived = mortal.requests.length;
    mortal.play(async (request, response) => {
      probe.arrived.open();
      await probe.released.opened;
      await serves(request, response);
    }, serves);
    await revive(mortal);
    await probe.arrived.opened;
    const askedAtProbe = crowd.trails.length;
    await crowd.until(() => crowd.trails.length >= askedAtProbe + kMeanwhile);
    assert.equal(mortal.requests.length, lived + 1); // nobody else, while it isn't known how the probe ends
    probe.released.open();
    await crowd.until(() => mortal.requests.length >= lived + kShare);

    await crowd.stop();
    assert.deepEqual(crowd.failures, []);
  });
