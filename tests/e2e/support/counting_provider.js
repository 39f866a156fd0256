import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./counting_process.js', import.meta.url));

// The test's end of a provider that counts for itself: counting_process.js says how.
export class CountingProvider {
  static async start(period, accounts) {
    const provider = new CountingProvider();
    provider.#child = fork(program, [JSON.stringify({ period, accounts })]);
    provider.#child.on('message', ({ breach }) => breach && provider.breaches.push(breach));
    const [{ port }] = await once(provider.#child, 'message');
    provider.#port = port;
    return provider;
  }

  breaches = []; // what it had to refuse, as it happens
  #child;
  #port;

  // As FakeProvider has it, for the configuration.
  account(name) {
    return { baseUrl: `http://127.0.0.1:${this.#port}/${name}/v1` };
  }

  // What each account accepted: when, how uncertain that is, and what it cost.
  async arrivals() {
    const answered = new Promise((resolve) => {
      const look = ({ arrivals }) => {
        if (!arrivals) return;
        this.#child.off('message', look);
        resolve(arrivals);
      };
      this.#child.on('message', look);
    });
    this.#child.send('arrivals');
    return answered;
  }

  async stop() {
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }
}
