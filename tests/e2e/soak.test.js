// Many requests, of clients who leave at any moment, over providers that fail in many ways: nothing is left behind, no
// descriptor, no memory, no reservation.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { dice } from './support/dice.js';
import { Weir, hello, isSanitized, yaml } from './support/weir.js';

const kRequests = Number(process.env.WEIR_TEST_SOAK ?? 5000);
const kWarmUp = Math.max(2000, kRequests / 20);
const kClients = 32;
const kPatience = 'breaker: {failures: 100, open_for: 100ms}'; // so that there are faults to the end
const kMostDescriptorsMore = 20;
const kMostMemoryMore = 0.05;
const kLong = 50_000;
const kFirstMemory = 2 * 2 ** 20; // a shorter run is over before all has been in use once
const kPage = 4096;
const seed = Number(process.env.WEIR_SEED ?? Date.now() % 1_000_000);

class Provider {
  static async start(faulty) {
    const provider = new Provider();
    const program = fileURLToPath(new URL('./support/soak_provider.js', import.meta.url));
    provider.#child = fork(program, [JSON.stringify({ faulty, seed })]);
    const [{ port }] = await once(provider.#child, 'message');
    provider.baseUrl = `http://127.0.0.1:${port}/v1`;
    return provider;
  }
  #child;

  // Hangs up what is idle; how many requests have arrived, and how many of them needn't be counted.
  async hangUp() {
    this.#child.send('now');
    const [counts] = await once(this.#child, 'message');
    return counts;
  }
  stop() {
    this.#child.disconnect();
  }
}

function request(isStream) {
  const body = JSON.stringify({ ...hello, ...(isStream && { stream: true }) });
  return `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}
const requests = { plain: request(false), stream: request(true) };

const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// One client's request, whole or left at some point: what came of it.
async function ask(port, random) {
  const isStream = random() < 0.5;
  const bytes = isStream ? requests.stream : requests.plain;
  const leaves = random() < 0.4 ? ['sending', 'waiting', 'reading'][Math.floor(random() * 3)] : undefined;
  const socket = net.connect(port, '127.0.0.1');
  const leave = () => (random() < 0.5 ? socket.destroy() : socket.resetAndDestroy());
  let answer = '';
  const ended = new Promise((resolve) => socket.on('close', resolve));
  socket.on('error', () => {});
  socket.on('data', (data) => {
    answer += data;
    if (leaves === 'reading') leave();
  });
  await Promise.race([once(socket, 'connect'), ended]);
  socket.write(leaves === 'sending' ? bytes.slice(0, Math.floor(random() * bytes.length)) : bytes);
  if (leaves === 'sending' || leaves === 'waiting') {
    if (random() < 0.7) await after(random() * 10);
    leave();
  }
  await ended;
  if (leaves) return 'left';
  const status = answer.slice(9, 12);
  if (status !== '200') return status;
  if (answer.includes('"finish_reason":"error"')) return 'broken';
  const isWhole = isStream ? answer.includes('data: [DONE]') && answer.endsWith('0\r\n\r\n') : answer.endsWith('}');
  return isWhole ? 'whole' : `not whole: ${answer}`;
}

class Soak {
  counts = {};
  #port;
  #random = dice(seed);

  constructor(weir) {
    this.#port = new URL(weir.origin).port;
  }

  async run(total) {
    let left = total;
    const client = async () => {
      while (left-- > 0) {
        const end = await ask(this.#port, this.#random);
        this.counts[end] = (this.counts[end] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: kClients }, client));
  }
}

// Of kept connections that the provider has ended: weir closes them when it would use them, or after a minute.
function endedSockets() {
  const kCloseWait = '08';
  const rows = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').map((row) => row.trim().split(/ +/));
  return new Set(rows.filter((row) => row[3] === kCloseWait).map((row) => `socket:[${row[9]}]`));
}

function descriptors(weir) {
  const folder = `/proc/${weir.pid}/fd`;
  const ended = endedSockets();
  return readdirSync(folder).filter((fd) => {
    try {
      return !ended.has(readlinkSync(`${folder}/${fd}`));
    } catch {
      return false; // it has just been closed
    }
  }).length;
}

const resident = (weir) => Number(readFileSync(`/proc/${weir.pid}/statm`, 'utf8').split(' ')[1]) * kPage;

async function windows(weir) {
  const { accounts } = await (await fetch(`${weir.origin}/admin/v1/quota`, { headers: { connection: 'close' } })).json();
  return Object.fromEntries(accounts.map((account) => [account.provider, account.models[0].windows.concat(account.windows)]));
}

// Until no connection and no reservation is left of what has been: what the kernel and the ledger hold then.
async function quiet(weir, providers) {
  for (;;) {
    const counts = await Promise.all(Object.values(providers).map((provider) => provider.hangUp()));
    await after(50);
    const before = descriptors(weir);
    const held = Object.values(await windows(weir)).flat().some((window) => window.reserved > 0);
    await after(50);
    if (!held && descriptors(weir) === before) return { counts, descriptors: before, resident: resident(weir) };
  }
}

test(`${kRequests} requests, many left half-way, leave nothing behind`, { timeout: 60_000 + kRequests * 10 }, async (t) => {
  const providers = { first: await Provider.start(0.3), second: await Provider.start(0.05) };
  t.after(() => Object.values(providers).forEach((provider) => provider.stop()));
  const limits = { first: '{rpd: 10M, tpd: 100000M}', second: '{rpd: 10M, tpd: 100000M}' };
  const weir = await Weir.serve(yaml(providers, { limits, strategy: 'weighted', routing: kPatience }));
  t.after(() => weir.kill());
  const soak = new Soak(weir);
  await soak.run(kWarmUp);
  const start = await quiet(weir, providers);
  const began = performance.now();
  await soak.run(kRequests);
  const took = performance.now() - began;
  const end = await quiet(weir, providers);

  const mib = (bytes) => (bytes / 2 ** 20).toFixed(1);
  const report =
    `seed ${seed}: ${JSON.stringify(soak.counts)} in ${(took / 1000).toFixed(1)} s; upstream ${end.counts.map(({ arrived }) => arrived)}; ` +
    `descriptors ${start.descriptors} to ${end.descriptors}; resident ${mib(start.resident)} to ${mib(end.resident)} MiB`;
  t.diagnostic(report);
  assert.ok(Math.abs(end.descriptors - start.descriptors) <= kMostDescriptorsMore, report);
  const mayGrow = Math.max(start.resident * kMostMemoryMore, kRequests < kLong ? kFirstMemory : 0);
  assert.ok(isSanitized || end.resident - start.resident <= mayGrow, report);
  assert.deepEqual(Object.keys(soak.counts).filter((name) => name.startsWith('not')), [], report);
  assert.ok(soak.counts.whole > (kRequests + kWarmUp) * 0.4, report);

  // What has been sent is counted, unless it was refused or sent once more. One whose client left may have been lost on
  // its way to the provider.
  const used = await windows(weir);
  for (const [i, name] of ['first', 'second'].entries()) {
    const { arrived, uncounted } = end.counts[i];
    const counted = used[name].find(({ window }) => window === 'rpd').used;
    assert.ok(counted >= arrived - uncounted && counted <= arrived + soak.counts.left, `${name}: ${counted}; ${report}`);
  }
  assert.doesNotMatch(weir.stderr, /"level":"error"/, report);
  weir.signal('SIGTERM');
  assert.deepEqual(await weir.exited, { code: 0, signal: null });
});
