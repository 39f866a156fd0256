// A daemon's admin API with numbers of its own, for what `weir demo` never shows: dead keys, unknown limits, failures.
//   node tests/e2e/support/dashboard_fixture.js FOLDER [PORT]     serves what web/build.mjs wrote to FOLDER
import http from 'node:http';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const kStart = '2026-11-27T09:00:00Z';
const inS = (seconds) => new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+/, '');

function window(name, limit, used, more = {}) {
  const dimension = { r: 'requests', t: 'tokens', c: 'in_flight' }[name[0]];
  const period_s = name === 'concurrency' ? null : { s: 1, m: 60, h: 3600, d: 86_400, mo: 2_592_000 }[name.slice(2)];
  const { reset_in_s = period_s && used ? period_s / 2 : null, reserved = 0, source = 'preset', ...others } = more;
  return {
    model: null, window: name, dimension, kind: name === 'concurrency' ? 'concurrency' : 'sliding', period_s, limit, used, reserved,
    left: limit === null ? null : Math.max(0, limit - used - reserved), reset: reset_in_s === null ? null : inS(reset_in_s), reset_in_s,
    source: limit === null ? null : source, as_of: source === 'preset' ? '2026-09-12' : null,
    unknown: limit === null ? 'nobody has said; a refusal will show it' : null, used_by_others: 0, ...others,
  };
}

function card(provider, state, windows, more = {}) {
  const ready = state === 'ready';
  const back_in_s = more.back_in_s ?? null;
  return {
    provider, key: 'main', account: 'main', enabled: state !== 'disabled', state, models: 12, models_ready: ready ? 11 : 0,
    why: ready ? null : state, remedy: null, windows, cooldowns: [], ...more, back_at: back_in_s === null ? null : inS(back_in_s), back_in_s,
  };
}

function cooldown(model, cause, until_in_s, remedy = null) {
  return { model, cause, until: until_in_s === null ? null : inS(until_in_s), until_in_s, remedy };
}

const kOss = 'openai/gpt-oss-120b';
export function cards() {
  return [
    card('groq', 'ready', [
      ...[kOss, 'openai/gpt-oss-20b', 'qwen/qwen3.8-27b'].flatMap((model, index) => [
        window('rpm', 30, 4 - index, { model, reserved: index === 0 ? 1 : 0, source: 'preset', kind: 'refill' }),
        window('rpd', 1000, 212 - 100 * index, { model, source: 'header', kind: 'calendar', reset_in_s: 37_200 }),
        window('tpm', 8000, 7100 - 3000 * index, { model, source: 'header', reserved: index === 0 ? 600 : 0, kind: 'refill' }),
        window('tpd', 200_000, 40_133, { model, source: 'preset', kind: 'refill' }),
      ]),
    ], { cooldowns: [cooldown('openai/gpt-oss-20b', 'rate_limited', 12.4), cooldown('qwen/qwen3.8-27b', 'capacity', 4.2)] }),
    card('gemini', 'limited', [window('rpm', 10, 0), window('rpd', 250, 250, { kind: 'calendar', reset_in_s: 66_000, source: 'body' }), window('tpm', 250_000, 0)],
      { why: 'rpd', back_in_s: 66_000 }),
    card('openrouter', 'ready', [window('rpm', 20, 18, { used_by_others: 3 }), window('rpd', 50, 31, { kind: 'calendar', reset_in_s: 37_200, models: ['*:free'], source: 'config' })], { key: 'main' }),
    card('openrouter', 'refused', [], { key: 'second', why: 'auth', remedy: 'the provider says the key is wrong: put a new one into OPENROUTER_KEY_2', cooldowns: [cooldown(null, 'auth', null, 'put a new key into OPENROUTER_KEY_2')] }),
    card('mistral', 'failing', [window('rps', 1, 0, { source: 'inferred', as_of: null }), window('tpm', null, 4100), window('tpmo', 1_000_000_000, 12_400_000, { kind: 'calendar', reset_in_s: 300_000 })],
      { why: 'failing', back_in_s: 21, cooldowns: [cooldown(null, 'failing', 21)] }),
    card('local', 'disabled', [window('concurrency', 2, 0, { source: 'config', as_of: null })], { why: 'disabled' }),
  ];
}

function attempt(target, name, ms, outcome = name) {
  return { target, key: 'main', outcome, class: name, ms };
}

function request(number, more = {}) {
  return {
    id: `req_01K${String(number).padStart(8, '0')}`, at: inS(-2 * number), state: 'done', ok: true, model: 'smart', served_by: `groq/${kOss}`, key: 'main',
    attempts: [attempt(`groq/${kOss}`, 'ok', 405)], queue_ms: 0, ttfb_ms: 410, total_ms: 1830, tokens: { estimated: 900, prompt: 610, completion: 120 },
    status: 200, error: null, stream: true, client: 'laptop', priority: 'normal', ...more,
  };
}

export function requests() {
  const failed = { ok: false, served_by: null, key: null, status: 429, error: 'insufficient_quota', ttfb_ms: null, tokens: { estimated: 900, prompt: null, completion: null } };
  return Array.from({ length: 24 }, (_, i) => {
    if (i % 7 === 3) return request(i, { attempts: [attempt(`groq/${kOss}`, 'rate_limited', 210, '429'), attempt('gemini/gemini-3.5-flash', 'ok', 405)], served_by: 'gemini/gemini-3.5-flash' });
    if (i % 9 === 4) return request(i, { ...failed, attempts: [attempt(`groq/${kOss}`, 'timeout', 5000), attempt('mistral/mistral-small', 'server_error', 80, '503'), attempt('gemini/gemini-3.5-flash', 'quota', 95, '429')] });
    return request(i, { model: i % 2 ? 'smart' : 'fast', total_ms: 900 + 137 * i });
  });
}

const pending = { ok: null, status: null, ttfb_ms: null, served_by: null, key: null, attempts: [], tokens: { estimated: 1200, prompt: null, completion: null } };
export function live() {
  return [
    request(101, { ...pending, at: inS(-4), state: 'answering', served_by: `groq/${kOss}`, key: 'main', ttfb_ms: 380, total_ms: 4000 }),
    request(102, { ...pending, at: inS(-2), state: 'trying', served_by: 'gemini/gemini-3.5-flash', key: 'main', attempts: [attempt(`groq/${kOss}`, 'rate_limited', 210, '429')], total_ms: 2000 }),
    request(103, { ...pending, at: inS(-1), state: 'waiting', total_ms: 1000 }),
  ];
}

function series(points, step_s) {
  const wave = (i, size) => Math.round(size * (1.2 + Math.sin(i / 6) + 0.3 * Math.cos(i * 1.7)));
  const column = (of) => Array.from({ length: points }, (_, i) => of(i));
  return {
    step_s, end: inS(0), requests: column((i) => wave(i, 9)), errors: column((i) => (i % 11 === 5 ? 2 : 0)),
    ttfb_p50_ms: column((i) => (i % 19 === 7 ? null : 300 + wave(i, 40))), ttfb_p95_ms: column((i) => (i % 19 === 7 ? null : 600 + wave(i, 160))),
    prompt_tokens: column((i) => wave(i, 2200)), completion_tokens: column((i) => wave(i, 610)),
  };
}

const event = (seq, level, name, fields) => ({ seq, at: inS(-300 + 10 * seq), level, event: name, fields });

export function snapshot() {
  return {
    as_of: inS(0), state: 'ready', sentence: '3 of 5 providers ready; mistral back at 13:40:21 UTC; gemini back at 2026-11-28 08:00 UTC', version: '0.1.0',
    started_at: kStart, uptime_s: 16_800, store: { degraded: false, reason: null }, in_flight: 3, waiting: 1, cards: cards(), live: live(),
    totals: { requests: 1841, ok: 1833, failed: 8, cancelled: 0, attempts: 1902, refused_by_providers: 3, failovers: 61, prompt_tokens: 801_223, completion_tokens: 90_121 },
    series: { '15m': series(60, 15), '24h': series(30, 600) },
    requests: requests(),
    events: [
      event(1, 'info', 'listening', { url: 'http://127.0.0.1:8484' }), event(2, 'warn', 'key_refused', { provider: 'openrouter', key: 'second', status: 401 }),
      event(3, 'error', 'store_degraded', { reason: 'no space left on device', path: '/var/lib/weir' }), event(4, 'info', 'reloaded', { providers: 5, models: 58 }),
    ],
  };
}

export function models() {
  const target = (name, callable, more = {}) => ({ target: name, key: 'main', tier: 1, callable, why: null, until: null, until_in_s: null, remedy: null, ...more });
  const model = (id, targets, more = {}) => ({
    id, owner: 'weir', callable: targets.some((one) => one.callable), state: targets.some((one) => one.callable) ? 'ready' : 'limited', why: null, until: null,
    until_in_s: null, remedy: null, context: 131_072, capabilities: ['tools', 'json_schema', 'reasoning'], targets, ...more,
  });
  const later = { why: 'rpd', until: inS(66_000), until_in_s: 66_000 };
  return {
    as_of: inS(0),
    models: [
      model('smart', [target(`groq/${kOss}`, true), target('gemini/gemini-3.5-flash', false, later)]),
      model('gemini/gemini-3.5-flash', [target('gemini/gemini-3.5-flash', false, later)], { ...later, capabilities: ['tools', 'images'] }),
      model('openrouter/deepseek/deepseek-r2:free', [target('openrouter/deepseek/deepseek-r2:free', false, { why: 'model_gone', remedy: 'take it out of the configuration' })],
        { state: 'unavailable', why: 'model_gone', remedy: 'take it out of the configuration', capabilities: [], context: null }),
    ],
  };
}

export function explained({ model, tokens, priority = 'normal' }) {
  return {
    model, route: model, strategy: 'headroom', priority, prompt_tokens: tokens, output_tokens: 1024,
    targets: [
      { target: `groq/${kOss}`, key: 'main', tier: 1, has_room: true, score: 0.83 },
      { target: 'openrouter/qwen/qwen3:free', key: 'main', tier: 1, has_room: true, score: 0.21 },
      { target: 'gemini/gemini-3.5-flash', key: 'main', tier: 1, has_room: false, score: null, why: 'rpd', available_at: inS(66_000), too_large: false },
      { target: 'local/qwen3-8b', key: 'main', tier: 2, has_room: false, score: null, why: 'disabled', available_at: null, too_large: false },
    ],
  };
}

const kYaml = `server:
  listen: 127.0.0.1:8484
  threads: auto
  tls: {cert_file: "", key_file: ""}
admin:
  key: "***"
providers:
  groq:
    preset: groq
    keys:
      - {name: main, value: "***", account: default}
    models:
      openai/gpt-oss-120b:
        limits:
          rpm: {limit: 30, window: refill}  # preset, 2026-09-12
models:
  smart:
    strategy: headroom
    targets:
      - {target: groq/openai/gpt-oss-120b, weight: 1, tier: 1}
      - {target: gemini/gemini-3.5-flash, weight: 2, tier: 1}
`;
const config = {
  file: '/etc/weir/weir.yaml', yaml: kYaml,
  lines: { 'server.listen': 2, 'providers.groq': 5, 'models.smart': 8, 'models.smart.targets': 10, 'models.smart.targets.1': 12 },
};

const failure = (message, code) => ({ error: { message, type: 'invalid_request_error', param: null, code, weir: { request_id: 'req_1', attempts: [] } } });

// A server that says what it is told to say. `orders` are the orders it got.
export class DashboardFixture {
  orders = [];
  key = ''; // where there is one it is asked for
  first = snapshot; // what a reader is told first
  refuse = false; // whoever comes now finds nobody
  #readers = new Set();
  #assets;
  #server;

  // `assets`: path -> {type, body, headers}.
  static async start(assets, port = 0) {
    const fixture = new DashboardFixture();
    fixture.#assets = assets;
    fixture.#server = http.createServer((request, response) => fixture.#answer(request, response));
    await new Promise((resolve) => fixture.#server.listen(port, '127.0.0.1', resolve));
    fixture.origin = `http://127.0.0.1:${fixture.#server.address().port}`;
    return fixture;
  }

  get readers() {
    return this.#readers.size;
  }

  tell(name, data) {
    for (const reader of this.#readers) reader.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  drop() {
    for (const reader of this.#readers) reader.destroy();
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request, response) {
    if (this.refuse) return request.socket.destroy();
    const { pathname } = new URL(request.url, this.origin);
    const asset = this.#assets.get(pathname);
    if (asset) return response.writeHead(200, { 'content-type': asset.type, ...asset.headers }).end(asset.body);
    const say = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (this.key && request.headers.authorization !== `Bearer ${this.key}`) {
      const shown = request.headers.authorization;
      return say(401, failure(shown ? 'this is not the admin key' : 'send the admin key as "Authorization: Bearer KEY"', 'invalid_api_key'));
    }
    let body = '';
    for await (const piece of request) body += piece;
    if (pathname === '/admin/v1/events') return this.#listen(response);
    if (pathname === '/admin/v1/models') return say(200, models());
    if (pathname === '/admin/v1/config') return say(200, config);
    if (pathname === '/admin/v1/explain') {
      const question = JSON.parse(body);
      return question.model === 'nobody' ? say(404, failure('no model "nobody"; GET /v1/models lists what there is', 'model_not_found')) : say(200, explained(question));
    }
    if (request.method === 'GET') return say(404, failure(`there is no GET ${pathname}`, 'unknown_url'));
    this.orders.push({ method: request.method, path: request.url, body: body && JSON.parse(body) });
    return say(200, { done: true });
  }

  #listen(response) {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
    response.write(`event: snapshot\ndata: ${JSON.stringify(this.first())}\n\n`);
    this.#readers.add(response);
    response.on('close', () => this.#readers.delete(response));
  }
}

export const kPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// What web/build.mjs wrote to a folder.
export function assetsIn(folder) {
  const rows = [...readFileSync(path.join(folder, 'assets.inc'), 'utf8').matchAll(/Asset\{"([^"]+)", "([^"]+)", "[^"]+", \{weir_(\w+), \d+\}/g)];
  return new Map(rows.map(([, url, type, symbol]) => [
    url, { type, body: readFileSync(path.join(folder, symbol.replace('_', '.'))), headers: { 'content-security-policy': kPolicy } },
  ]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const fixture = await DashboardFixture.start(assetsIn(process.argv[2]), Number(process.argv[3] ?? 8485));
  console.log(fixture.origin);
  setInterval(() => fixture.tell('delta', { as_of: inS(0), live: live(), requests: [request(Math.round(Math.random() * 1e6), { at: inS(0) })] }), 1000);
}
