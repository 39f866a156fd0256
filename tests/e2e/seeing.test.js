// What people and Prometheus see of the running daemon, and what they order: /metrics and /admin/v1.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { FakeProvider, answers } from './support/provider.js';
import { Weir, hello, yaml } from './support/weir.js';

let provider;
let weir;

before(async () => {
  provider = await FakeProvider.start(answers('hello there'));
  weir = await Weir.serve(yaml({ local: provider }, { limits: { local: '{rpd: 20, tpm: 10k}' }, keys: { local: 'sk-planted-0123456789' } }));
});
after(async () => {
  await weir.stop();
  await provider.stop();
});

const get = async (path) => (await fetch(`${weir.origin}${path}`)).json();
const order = (method, path, body) =>
  fetch(`${weir.origin}${path}`, { method, body: body && JSON.stringify(body), headers: { 'content-type': 'application/json' } });

// The events of /admin/v1/events, as they come.
async function* events(origin, signal) {
  const answer = await fetch(`${origin}/admin/v1/events`, { signal });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^text\/event-stream/);
  let text = '';
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const found = /^event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end));
      text = text.slice(end + 2);
      if (found) yield { name: found[1], data: JSON.parse(found[2]) };
    }
  }
}

test('a request is in the list, with its trail, and no prompt or key anywhere', async () => {
  const { response } = await weir.sdk().chat.completions.create({ ...hello, messages: [{ role: 'user', content: 'planted-prompt' }] }).withResponse();
  const id = response.headers.get('x-request-id');
  const one = await get(`/admin/v1/requests/${id}`);
  assert.equal(one.state, 'done');
  assert.equal(one.model, 'smart');
  assert.equal(one.served_by, 'local/m');
  assert.deepEqual(one.attempts.map(({ target, outcome, class: what }) => [target, outcome, what]), [['local/m', 'ok', 'ok']]);
  assert.ok(one.tokens.prompt > 0 && one.tokens.estimated > 0);
  for (const path of ['status', 'requests', 'models', 'config', 'version', 'quota'])
    assert.doesNotMatch(JSON.stringify(await get(`/admin/v1/${path}`)), /planted/, path);
  assert.doesNotMatch(await (await fetch(`${weir.origin}/metrics`)).text(), /planted/);
});

test('a request under way is seen until it ends', async () => {
  let go;
  const held = new Promise((resolve) => (go = resolve));
  const arrived = new Promise((resolve) => {
    provider.play(async (request, response) => {
      resolve();
      await held;
      answers('late')(request, response);
    });
  });
  const asked = weir.sdk().chat.completions.create(hello);
  await arrived;
  const { live, in_flight: inFlight } = await get('/admin/v1/status');
  assert.equal(inFlight, 1);
  assert.equal(live[0].state, 'trying');
  assert.equal(live[0].served_by, 'local/m');
  go();
  await asked;
  assert.equal((await get('/admin/v1/status')).in_flight, 0);
  provider.play(answers('hello there'));
});

test('the configuration is shown with the lines it is from, keys masked', async () => {
  const { file, yaml: text, lines } = await get('/admin/v1/config');
  assert.match(file, /weir\.yaml$/);
  assert.match(text, /value: "?\*\*\*/);
  assert.equal(lines['providers.local'], 4);
  assert.equal(lines['providers.local.limits.rpd'], lines['providers.local.limits']);
});

test('metrics are well formed, by promtool where it is there', async () => {
  const answer = await fetch(`${weir.origin}/metrics`);
  assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  const text = await answer.text();
  assert.match(text, /^weir_http_requests_total\{route="chat",status="200"\} [1-9]/m);
  assert.match(text, /^weir_upstream_attempts_total\{provider="local",model="m",outcome="ok"\} [1-9]/m);
  assert.match(text, /^weir_quota_limit\{provider="local",account="[^"]*",model="",models="",window="rpd",kind="sliding",unit="requests",source="config"\} 20$/m);
  const tool = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  if (tool.error?.code === 'ENOENT') return;
  assert.equal(tool.status, 0, tool.stdout + tool.stderr);
});

test('what tokenizes and what shows the dashboard is told apart', async (t) => {
  const keyed = await Weir.serve(yaml({ local: provider }, { more: 'auth: {keys: [{name: laptop, key: sk-laptop}]}' }));
  t.after(() => keyed.stop());
  const body = JSON.stringify({ model: 'smart', text: 'how long is this?' });
  const headers = { 'content-type': 'application/json', authorization: 'Bearer sk-laptop' };
  assert.equal((await fetch(`${keyed.origin}/v1/tokenize`, { method: 'POST', headers, body })).status, 200);
  const lineOf = (path) => keyed.stderr.split('\n').filter((line) => line.includes('"event":"request"')).map((line) => JSON.parse(line)).find((line) => line.path === path);
  await keyed.until(() => lineOf('/v1/tokenize'), 'the access line');
  const { client, model } = lineOf('/v1/tokenize');
  assert.deepEqual({ client, model }, { client: 'laptop', model: 'smart' });
  const page = await fetch(`${keyed.origin}/`, { headers: { accept: 'text/html' } });
  const asset = /\/assets\/[^"']+/.exec(await page.text())?.[0];
  if (asset) await (await fetch(`${keyed.origin}${asset}`)).text();
  await keyed.until(() => lineOf('/') && (!asset || lineOf(asset)), 'the access lines');
  const text = await (await fetch(`${keyed.origin}/metrics`)).text();
  assert.match(text, /^weir_http_requests_total\{route="tokenize",status="200"\} 1$/m);
  assert.match(text, asset ? /^weir_http_requests_total\{route="dashboard",status="200"\} 2$/m : /route="card"/);
});

test('metrics.token is asked for, metrics.enabled switches them off', async (t) => {
  const guarded = await Weir.serve(yaml({ local: provider }, { more: 'metrics: {token: scrape-me}\nadmin: {key: admin-me}' }));
  t.after(() => guarded.stop());
  const scrape = (key) => fetch(`${guarded.origin}/metrics`, { headers: key ? { authorization: `Bearer ${key}` } : {} });
  assert.equal((await scrape()).status, 401);
  assert.equal((await scrape('scrape-me')).status, 200);
  assert.equal((await scrape('admin-me')).status, 200);
  const status = await fetch(`${guarded.origin}/admin/v1/status`, { headers: { authorization: 'Bearer scrape-me' } });
  assert.equal(status.status, 401);
  assert.equal((await fetch(`${guarded.origin}/metrics`, { method: 'POST', headers: { 'content-type': 'application/json' } })).status, 405);
  const silent = await Weir.serve(yaml({ local: provider }, { more: 'metrics: {enabled: false}' }));
  t.after(() => silent.stop());
  assert.equal((await fetch(`${silent.origin}/metrics`)).status, 404);
});

test('a key that is switched off serves nobody until it is switched on', async () => {
  assert.equal((await order('PATCH', '/admin/v1/keys/local/main', { enabled: false })).status, 200);
  await assert.rejects(weir.sdk().chat.completions.create(hello), (error) => {
    assert.equal(error.status, 503);
    assert.match(error.message, /disabled; PATCH \/admin\/v1\/keys/);
    return true;
  });
  assert.equal((await get('/admin/v1/status')).cards[0].state, 'disabled');
  assert.equal((await get('/admin/v1/models')).models[0].why, 'disabled');
  weir.signal('SIGHUP');
  await weir.until(() => /"event":"reloaded"/.test(weir.stderr), 'reloaded');
  assert.equal((await get('/admin/v1/status')).cards[0].state, 'disabled');  // until the restart
  assert.equal((await order('PATCH', '/admin/v1/keys/local/main', { enabled: true })).status, 200);
  await weir.sdk().chat.completions.create(hello);
});

test('events: all there is, then what is new, then the end', async (t) => {
  const other = await Weir.serve(yaml({ local: provider }));
  t.after(() => other.kill());
  const command = (what) => fetch(`${other.origin}/admin/v1/${what}`, { method: 'POST', headers: { 'content-type': 'application/json' } });
  const stream = events(other.origin);
  const first = (await stream.next()).value;
  assert.equal(first.name, 'snapshot');
  assert.equal(first.data.cards.length, 1);
  await other.sdk().chat.completions.create(hello);
  const told = [];
  while (told.length === 0) {
    const { value } = await stream.next();
    if (value.name === 'delta') told.push(...(value.data.requests ?? []));
  }
  assert.equal(told[0].served_by, 'local/m');
  assert.deepEqual(await (await command('reload')).json(), { ordered: 'reload' });
  for (let seen = ''; seen !== 'reloaded'; ) seen = (await stream.next()).value.data.event;
  assert.deepEqual(await (await command('drain')).json(), { ordered: 'drain' });
  let last;
  for await (const event of stream) last = event;
  assert.equal(last.name, 'end');
  assert.deepEqual(await other.exited, { code: 0, signal: null });
});
