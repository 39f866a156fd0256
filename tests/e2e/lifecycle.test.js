// A daemon's manners: signals, drain, reload, and one daemon a state directory.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { FakeProvider, answers, gate, streamsStepwise } from './support/provider.js';
import { Weir, hello, run, scratch, yaml } from './support/weir.js';

let provider;
before(async () => {
  provider = await FakeProvider.start(answers('fine'));
});
after(() => provider.stop());

test('READY names the address it really has, and daemon.json the same', async () => {
  const weir = await Weir.serve(yaml({ first: provider }));
  assert.match(weir.url, /^http:\/\/127\.0\.0\.1:[1-9]\d*\/v1$/);
  assert.equal(weir.ready.dashboard, `${weir.origin}/`);
  assert.equal(weir.ready.providers, '1');
  assert.equal(weir.ready.models, '1');
  assert.match(weir.ready.config, /weir\.yaml$/);
  const file = JSON.parse(readFileSync(path.join(weir.stateDir, 'daemon.json'), 'utf8'));
  assert.equal(file.pid, weir.pid);
  assert.ok(file.url.startsWith(weir.origin));
  assert.equal((await weir.stop()).code, 0);
});

test('SIGTERM lets a stream finish and then exits 0', async () => {
  const gates = [gate(), gate()];
  provider.play(streamsStepwise(['one', 'two'], gates), answers('fine'));
  const weir = await Weir.serve(yaml({ first: provider }));
  gates[0].open();
  const stream = await weir.sdk().chat.completions.create({ ...hello, stream: true });
  const seen = [];
  for await (const piece of stream) {
    if (piece.choices[0].delta.content) seen.push(piece.choices[0].delta.content);
    if (seen.length === 1) {
      weir.signal('SIGTERM');
      await weir.until(() => weir.stderr.includes('"draining"'), 'draining');
      await assert.rejects(fetch(`${weir.origin}/livez`)); // no new connection
      gates[1].open();
    }
  }
  assert.deepEqual(seen, ['one', 'two']);
  assert.deepEqual(await weir.exited, { code: 0, signal: null });
  await weir.stop();
});

test('certificates are read as soon as a provider or the webhook needs them', async () => {
  const env = { SSL_CERT_FILE: '/nonexistent/ca.pem' };
  const remote = { baseUrl: 'https://127.0.0.1:9/v1' };
  const weir = await Weir.serve(yaml({ first: provider }), { env });
  weir.configure(yaml({ first: provider, second: remote }));
  weir.signal('SIGHUP');
  await weir.untilLogged(/trust_store_failed.*SSL_CERT_FILE/);
  await weir.stop();
  assert.equal(weir.stderr.match(/trust_store_failed/g).length, 1); // none at the start
  const another = await Weir.serve(yaml({ second: remote }), { env });
  await another.untilLogged(/trust_store_failed.*SSL_CERT_FILE/);
  await another.stop();
  const alarmed = await Weir.serve(yaml({ first: provider }, { more: 'alerts: {webhook: "https://127.0.0.1:9/hook"}' }), { env });
  await alarmed.untilLogged(/trust_store_failed.*SSL_CERT_FILE/);
  await alarmed.stop();
});

test('a second SIGTERM ends at once', async () => {
  const gates = [gate(), gate()];
  provider.play(streamsStepwise(['one', 'never'], gates), answers('fine'));
  const weir = await Weir.serve(yaml({ first: provider }));
  gates[0].open();
  const stream = await weir.sdk().chat.completions.create({ ...hello, stream: true });
  await assert.rejects(async () => {
    for await (const _ of stream) {
      weir.signal('SIGTERM');
      await weir.until(() => weir.stderr.includes('"draining"'), 'draining');
      weir.signal('SIGINT');
    }
  });
  assert.deepEqual(await weir.exited, { code: 0, signal: null });
  await weir.stop();
});

test('what is still under way when the time for a drain is over is told so', async () => {
  const gates = [gate(), gate()];
  const asked = gate();
  provider.play(streamsStepwise(['one', 'never'], gates), () => asked.open(), answers('fine'));
  const config = yaml({ first: provider }).replace('drain_timeout: 20s', 'drain_timeout: 100ms');
  const weir = await Weir.serve(config);
  gates[0].open();
  const ask = (more) =>
    fetch(`${weir.url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...hello, ...more }),
    });
  const stream = await ask({ stream: true });
  const plain = ask({});
  await asked.opened;
  weir.signal('SIGTERM');
  const text = await stream.text();
  assert.match(text, /"finish_reason":"error"/);
  assert.match(text, /"error":\{"message":"weir is shutting down"/);
  assert.doesNotMatch(text, /\[DONE\]/);
  const told = await plain;
  assert.equal(told.status, 503);
  assert.equal((await told.json()).error.code, 'overloaded');
  assert.deepEqual(await weir.exited, { code: 0, signal: null });
  assert.match(weir.stderr, /"stopped_at_once","why":"server\.drain_timeout is over"/);
  await weir.stop();
});

test('SIGHUP takes a good file and leaves all as it is for a bad one', async () => {
  const weir = await Weir.serve(yaml({ first: provider }));
  const names = async () => (await weir.sdk().models.list()).data.map((model) => model.id);
  const before = await names();

  weir.configure('providers: {first: {nonsense: true}}\n');
  weir.signal('SIGHUP');
  await weir.until(() => weir.stderr.includes('"reload_failed"'), 'reload_failed');
  assert.match(weir.stderr, /"level":"error","event":"configuration_problem","at":"weir\.yaml:1:\d+","what":".*nonsense/);
  assert.deepEqual(await names(), before);
  assert.equal((await weir.sdk().chat.completions.create(hello)).choices[0].message.content, 'fine');

  weir.configure(yaml({ first: provider }).replace('gpt-4o', 'gpt-5'));
  weir.signal('SIGHUP');
  await weir.until(() => weir.stderr.includes('"reloaded"'), 'reloaded');
  assert.ok((await names()).includes('gpt-5'));
  await weir.stop();
});

// Whoever takes a file away, or puts a pipe in its place, gets no defaults instead: they would be open to all.
test('a reload whose file is gone or is no file leaves all as it is', async (t) => {
  const config = yaml({ first: provider }, { more: 'auth: {keys: [{name: mine, key: my-client-key}]}' });
  const place = scratch({ 'weir.yaml': config });
  t.after(() => place.remove());
  const weir = await Weir.launch(place, { args: ['serve'] }).untilReady();
  t.after(() => weir.kill());
  const failures = () => weir.stderr.match(/"reload_failed"/g)?.length ?? 0;
  const isServed = async () => (await fetch(`${weir.url}/models`)).status;
  unlinkSync(place.file('weir.yaml'));
  weir.signal('SIGHUP');
  await weir.until(() => failures() === 1, 'reload_failed');
  assert.match(weir.stderr, /"configuration_problem","at":"weir\.yaml","what":"can't read the configuration again/);
  assert.equal(await isServed(), 401);
  execFileSync('mkfifo', [place.file('weir.yaml')]);
  weir.signal('SIGHUP');
  await weir.until(() => failures() === 2, 'reload_failed');
  assert.equal(await isServed(), 401);
  unlinkSync(place.file('weir.yaml'));
  weir.configure(config);
  weir.signal('SIGHUP');
  await weir.untilLogged(/"reloaded","config":"weir\.yaml"/);
  // Nor may the .env vanish: keys that stand there alone would be left out.
  writeFileSync(place.file('.env'), 'CLIENT_KEY=my-client-key\n');
  weir.configure(config.replace('key: my-client-key', 'key: "${CLIENT_KEY:-}"'));
  weir.signal('SIGHUP');
  await weir.until(() => weir.stderr.match(/"reloaded"/g)?.length === 2, 'reloaded');
  assert.equal(await isServed(), 401);
  unlinkSync(place.file('.env'));
  weir.signal('SIGHUP');
  await weir.until(() => failures() === 3, 'reload_failed');
  assert.equal(await isServed(), 401);
  weir.signal('SIGTERM');
  assert.deepEqual(await weir.exited, { code: 0, signal: null });
});

test('a reload leaves no port open to the network without keys', async (t) => {
  const keys = 'auth: {keys: [{name: mine, key: my-client-key}]}';
  const open = (more) => yaml({ first: provider }, { more }).replace('127.0.0.1:0', '0.0.0.0:0');
  const weir = await Weir.serve(open(keys));
  t.after(() => weir.kill());
  weir.configure(yaml({ first: provider }));
  weir.signal('SIGHUP');
  await weir.untilLogged(/"reload_failed","why":"weir listens on 0\.0\.0\.0 until a restart/);
  const status = async () => (await fetch(`${weir.url.replace('0.0.0.0', '127.0.0.1')}/models`)).status;
  assert.equal(await status(), 401);
});

test('a reload names the keys that need a restart, and takes the time for a drain', async () => {
  const gates = [gate(), gate()];
  provider.play(streamsStepwise(['one', 'never'], gates), answers('fine'));
  const weir = await Weir.serve(yaml({ first: provider }));
  const changed = yaml({ first: provider }, { more: 'log: {format: text, file: other.log}' })
    .replace('threads: 2', 'threads: 1')
    .replace('drain_timeout: 20s', 'drain_timeout: 100ms');
  weir.configure(changed);
  weir.signal('SIGHUP');
  await weir.until(() => weir.stderr.includes('"reloaded"'), 'reloaded');
  assert.match(weir.stderr, /"restart_needed","keys":"server\.threads, log\.format, log\.file"/);

  gates[0].open();
  const stream = await weir.sdk().chat.completions.create({ ...hello, stream: true });
  await assert.rejects(async () => {
    for await (const _ of stream) weir.signal('SIGTERM');
  });
  assert.deepEqual(await weir.exited, { code: 0, signal: null });
  assert.match(weir.stderr, /"stopped_at_once","why":"server\.drain_timeout is over"/);
  await weir.stop();
});

test('a reload forgets no quota', async () => {
  const limited = yaml({ first: provider }, { limits: { first: '{rpm: 2}' } });
  const weir = await Weir.serve(limited);
  await weir.sdk().chat.completions.create(hello);
  await weir.sdk().chat.completions.create(hello);
  weir.configure(limited.replace('gpt-4o', 'gpt-5'));
  weir.signal('SIGHUP');
  await weir.until(() => weir.stderr.includes('"reloaded"'), 'reloaded');
  await assert.rejects(weir.sdk().chat.completions.create(hello), { status: 429 });
  await weir.stop();
});

test('a second daemon on the same state directory or address exits 1', async () => {
  const config = yaml({ first: provider });
  const weir = await Weir.serve(config);
  const same = await run(['serve', '--config', 'weir.yaml', '--state-dir', weir.stateDir], { cwd: weir.folder });
  assert.equal(same.code, 1);
  assert.match(same.stderr, new RegExp(`\\b${weir.pid}\\b`));
  const listen = new URL(weir.url).host;
  const busy = await run(['serve', '--config', 'weir.yaml', '--state-dir', 'other', '--listen', listen], { cwd: weir.folder });
  assert.equal(busy.code, 1);
  assert.match(busy.stderr, new RegExp(listen));
  assert.equal((await weir.sdk().chat.completions.create(hello)).choices[0].message.content, 'fine');
  await weir.stop();
});

test('no key and no prompt in the log; one access line a request', async () => {
  const secret = 'sk-secret-0123456789';
  const weir = await Weir.serve(yaml({ first: provider }, { keys: { first: secret } }));
  const asked = { ...hello, messages: [{ role: 'user', content: 'a most private question' }] };
  const { response } = await weir.sdk({ apiKey: 'sk-client-9876543210' }).chat.completions.create(asked).withResponse();
  const id = response.headers.get('x-request-id');
  await weir.until(() => weir.stderr.includes(id), 'the access line');
  assert.equal(weir.stderr.split(id).length - 1, 1);
  for (const word of [secret, 'sk-client', 'private question', 'fine']) assert.ok(!weir.stderr.includes(word), word);
  for (const line of weir.stderr.trim().split('\n')) JSON.parse(line);
  await weir.stop();
});

test('no more connections are taken than there are descriptors for', async (t) => {
  const place = scratch({ 'weir.yaml': yaml({ first: provider }) });
  const weir = Weir.launch(place, { descriptors: 328 });
  t.after(() => weir.kill());
  await weir.untilReady();
  await weir.untilLogged(/"max_connections_lowered","from":4096,"to":100,"why":".*328/);
  await weir.stop();
});
