import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const binary = process.env.WEIR_BINARY ?? path.join(root, 'build/release/weir');
if (!existsSync(binary)) throw new Error(`${binary} is not there: scripts/build.sh builds it, WEIR_BINARY names another`);

// A sanitizer keeps what is freed, and brings checks of its own.
export const isSanitized = readFileSync(binary).includes('__asan_init');

const kReadyWithinMs = 20_000;

// A folder of its own for each process: its configuration, its state and its home.
export function scratch(files = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-e2e-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text, { mode: 0o600 });
  return { folder, file: (name) => path.join(folder, name), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

// Nothing of the tester's own environment: no keys, no configuration.
function cleanEnvironment(home, more) {
  return { PATH: process.env.PATH, HOME: home, ...more };
}

// Runs a command to its end.
export async function run(args, { env = {}, cwd = tmpdir() } = {}) {
  const child = spawn(binary, args, { cwd, env: cleanEnvironment(cwd, env), stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => (output.stdout += data));
  child.stderr.on('data', (data) => (output.stderr += data));
  const [code] = await once(child, 'close');
  return { code, ...output };
}

const running = new Set();
// A test that fails leaves its weir behind, and node would wait for it.
after(() => running.forEach((child) => child.kill('SIGKILL')));

// A running `weir serve` or `weir demo`.
export class Weir {
  stdout = '';
  stderr = '';
  #child;
  #place;
  #watchers = new Set();

  static async serve(config, { env } = {}) {
    return Weir.launch(scratch({ 'weir.yaml': config }), { env }).untilReady();
  }

  static async demo() {
    return Weir.launch(scratch(), { args: ['demo', '--listen', '127.0.0.1:0'] }).untilReady();
  }

  // In a place that may have been another's, whose state it finds. Not ready yet.
  // `user` is the number of the one that it runs as, the tester's own by default; `descriptors`: how many it may
  // have.
  static launch(place, { args = ['serve', '--config', 'weir.yaml'], env = {}, user, descriptors } = {}) {
    const weir = new Weir();
    weir.#place = place;
    const all = [...args, '--state-dir', place.file('state'), '--log-format', 'json'];
    const limited = ['-c', `ulimit -n ${descriptors}; exec "$0" "$@"`, binary, ...all];
    weir.#child = spawn(descriptors ? 'sh' : binary, descriptors ? limited : all, {
      cwd: place.folder,
      env: cleanEnvironment(place.folder, env),
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(user !== undefined && { uid: user, gid: user }),
    });
    running.add(weir.#child);
    weir.exited = once(weir.#child, 'close').then(([code, signal]) => ({ code, signal }));
    for (const name of ['stdout', 'stderr'])
      weir.#child[name].on('data', (data) => {
        weir[name] += data;
        for (const look of weir.#watchers) look();
      });
    weir.exited.then(() => {
      running.delete(weir.#child);
      weir.#watchers.forEach((look) => look());
    });
    return weir;
  }

  async untilReady() {
    await this.until(() => /^READY .*\n/m.test(this.stdout), 'READY');
    this.ready = Object.fromEntries(
      /^READY (.*)$/m.exec(this.stdout)[1].split(' ').map((pair) => pair.split(/=(.*)/s).slice(0, 2)),
    );
    this.url = this.ready.url;
    this.origin = new URL(this.url).origin;
    return this;
  }

  get pid() {
    return this.#child.pid;
  }
  get folder() {
    return this.#place.folder;
  }
  get stateDir() {
    return this.#place.file('state');
  }

  configure(text) {
    writeFileSync(this.#place.file('weir.yaml'), text);
  }

  signal(name) {
    this.#child.kill(name);
  }

  // Resolves as soon as the output satisfies the predicate.
  async until(predicate, what) {
    if (predicate()) return;
    await new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`${why} before ${what}\n${this.stdout}${this.stderr}`));
      const timer = setTimeout(() => fail('time ran out'), kReadyWithinMs);
      const look = () => {
        const there = predicate();
        if (!there && this.#child.exitCode === null && this.#child.signalCode === null) return;
        clearTimeout(timer);
        this.#watchers.delete(look);
        if (there) resolve();
        else fail('weir ended');
      };
      this.#watchers.add(look);
    });
  }

  // What it has logged is read a little later than it was written.
  async untilLogged(pattern) {
    return this.until(() => pattern.test(this.stderr), String(pattern));
  }

  // Ends it without a word. Its place stays as it was left.
  async kill() {
    this.signal('SIGKILL');
    return this.exited;
  }

  async stop() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.signal('SIGTERM');
      this.signal('SIGTERM');
    }
    const end = await this.exited;
    this.#place.remove();
    if (isSanitized && /Sanitizer|runtime error:/.test(this.stderr)) throw new Error(this.stderr);
    return end;
  }

  // An SDK that doesn't retry: the tests look at each answer.
  sdk(options = {}) {
    return new OpenAI({ baseURL: this.url, apiKey: 'whatever', maxRetries: 0, ...options });
  }
}

// A configuration over fake providers, each with one model `m`. `limits` by provider, as YAML flow.
// A request waits for room only where the test says how long. `server`, `routing` and `queue` add to those, also flow.
export function yaml(providers, options = {}) {
  const { limits = {}, keys = {}, strategy = 'priority', wait = '0s', more = '' } = options;
  const { server = '', routing = '', queue = '' } = options;
  const lines = [
    `server: {listen: "127.0.0.1:0", threads: 2, drain_timeout: 20s${server && `, ${server}`}}`,
    `routing: {queue: {max_wait: ${wait}${queue && `, ${queue}`}}${routing && `, ${routing}`}}`,
    'providers:',
  ];
  for (const [name, provider] of Object.entries(providers)) {
    lines.push(
      `  ${name}:`,
      '    preset: openai_compatible',
      `    base_url: ${provider.baseUrl}`,
      `    api_key: ${keys[name] ?? 'none'}`,
      '    models: {m: {id: upstream/m, context: 32k, max_output: 8k}}',
    );
    if (limits[name]) lines.push(`    limits: ${limits[name]}`);
  }
  const targets = Object.keys(providers).map((name) => `${name}/m`);
  lines.push('models:', `  smart: {strategy: ${strategy}, targets: [${targets.join(', ')}]}`, 'aliases: {gpt-4o: smart}', more);
  return lines.join('\n') + '\n';
}

export const hello = { model: 'smart', messages: [{ role: 'user', content: 'Hello' }] };
