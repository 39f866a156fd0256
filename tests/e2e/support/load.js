import http from 'node:http';
import { gate } from './provider.js';

const kClientsEach = 16;
const kMaxTokens = 180;
const kMinTokens = 20;
const kApartMs = 40; // so that not all that wait for one moment come at once

// Clients who always want more, of every account: each asks again as soon as it has been answered, or when it was told
// to come back. What dies under way is not asked again.
export class Load {
  #accounts;
  #random;
  #clients = [];
  #isOver = false;
  #agent;
  #origin;
  #isOpen = false;
  #turn = gate(); // opens when there is somebody to ask

  constructor(accounts, random) {
    this.#accounts = accounts;
    this.#random = random;
  }

  // All at once would fill the windows at one moment, and then there would be nothing to do for the rest of the period.
  grow(withinMs) {
    for (let i = 0; i < kClientsEach; ++i)
      for (const account of this.#accounts) this.#clients.push(this.#client(account, (i * withinMs) / kClientsEach));
  }

  turnTo(origin) {
    this.#agent?.destroy();
    this.#agent = new http.Agent({ keepAlive: true });
    this.#origin = origin;
    this.#isOpen = true;
    this.#turn.open();
  }

  // Nobody asks anew. What is under way goes on.
  turnAway() {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#turn = gate();
  }

  async stop() {
    this.#isOver = true;
    this.#agent?.destroy();
    this.#turn.open();
    await Promise.all(this.#clients);
  }

  async #client(account, startsAfterMs) {
    await rest(startsAfterMs);
    for (let i = 0; ; ++i) {
      await this.#turn.opened;
      if (this.#isOver) return;
      const tokens = kMinTokens + Math.floor(this.#random() * (kMaxTokens - kMinTokens));
      const waitMs = await this.#ask(account, tokens, i % 3 === 0).catch(() => 0);
      if (waitMs > 0) await rest(waitMs + this.#random() * kApartMs);
    }
  }

  // Resolves to how long the client is told to wait.
  #ask(account, maxTokens, stream) {
    return new Promise((resolve, reject) => {
      const request = http.request(
        `${this.#origin}/v1/chat/completions`,
        { method: 'POST', agent: this.#agent, headers: { 'content-type': 'application/json' } },
        (response) => {
          response.resume();
          response.on('error', reject);
          response.on('close', () => resolve(Number(response.headers['retry-after-ms'] ?? 0)));
        },
      );
      request.on('error', reject);
      request.end(
        JSON.stringify({ model: `${account}/m`, messages: [{ role: 'user', content: 'Go' }], max_tokens: maxTokens, stream }),
      );
    });
  }
}

function rest(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
