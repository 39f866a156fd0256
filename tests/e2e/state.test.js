// A state directory that can't be used keeps nobody from serving, and everybody is told.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { FakeProvider, answers } from './support/provider.js';
import { Weir, hello, scratch, yaml } from './support/weir.js';

const kNobody = 65534;

let provider;
before(async () => {
  provider = await FakeProvider.start(answers('fine'));
});
after(() => provider.stop());

const config = (more = '') => yaml({ first: provider }, { limits: { first: '{rpd: 2}' }, more });
const json = async (weir, where) => (await fetch(`${weir.origin}${where}`)).json();
const ask = (weir) => weir.sdk().chat.completions.create(hello);

test('one that cannot be made: counts are kept in memory, and log, health and quota say so', async () => {
  const weir = await Weir.launch(scratch({ 'weir.yaml': config(), state: 'a file in its place' })).untilReady();
  await ask(weir);
  await ask(weir);
  await assert.rejects(ask(weir), { status: 429 });
  await weir.until(() => /"not_announced"/.test(weir.stderr), 'not_announced');
  assert.match(weir.stderr, /"state_degraded".*state directory .*--state-dir/);
  for (const where of ['/healthz', '/readyz']) assert.equal((await json(weir, where)).degraded, true, where);
  const { state } = await json(weir, '/admin/v1/quota');
  assert.equal(state.degraded, true);
  assert.match(state.reason, /until a restart counts are kept in memory only$/);
  weir.signal('SIGTERM');
  assert.deepEqual(await weir.exited, { code: 0, signal: null });
  await weir.stop();
});

test('with state.store: memory nothing is missed', async () => {
  const place = scratch({ 'weir.yaml': config('state: {store: memory}'), state: 'a file in its place' });
  const weir = await Weir.launch(place).untilReady();
  await ask(weir);
  assert.deepEqual(await json(weir, '/healthz'), { status: 'ok' });
  assert.equal((await json(weir, '/admin/v1/quota')).state.degraded, false);
  await weir.stop();
});

test('with state.store: memory nothing is left in it', async () => {
  const weir = await Weir.serve(config('state: {store: memory}'));
  await ask(weir);
  assert.deepEqual(readdirSync(weir.stateDir).sort(), ['daemon.json', 'lock']);
  await weir.stop();
});

test('a daemon that cannot announce itself serves, and leaves no other in its place', async () => {
  const place = scratch({ 'weir.yaml': config() });
  mkdirSync(place.file('state/daemon.json.new'), { recursive: true });
  writeFileSync(place.file('state/daemon.json'), '{"url":"http://127.0.0.1:1","pid":1}');
  const weir = await Weir.launch(place).untilReady();
  await ask(weir);
  await weir.until(() => /"not_announced"/.test(weir.stderr), 'not_announced');
  assert.ok(!readdirSync(weir.stateDir).includes('daemon.json'));
  assert.equal((await json(weir, '/healthz')).degraded, undefined);
  await weir.stop();
});

// Root may write anywhere, so it becomes nobody.
test('one that is read-only for a while: what was counted before counts again when it is writable', async (t) => {
  const place = scratch({ 'weir.yaml': config() });
  const isRoot = process.getuid() === 0;
  if (isRoot) for (const name of ['', 'weir.yaml']) chownSync(place.file(name), kNobody, kNobody);
  const user = isRoot ? kNobody : undefined;
  const chmodAll = (directory, file) => {
    for (const name of readdirSync(place.file('state'))) chmodSync(place.file(path.join('state', name)), file);
    chmodSync(place.file('state'), directory);
  };
  let weir = Weir.launch(place, { user });
  t.after(() => weir.kill());
  try {
    await weir.untilReady();
  } catch (error) {
    if (/EACCES/.test(error.message)) return t.skip('nobody may not run the binary');
    throw error;
  }
  await ask(weir);
  weir.signal('SIGTERM');
  await weir.exited;

  chmodAll(0o500, 0o400);
  weir = await Weir.launch(place, { user }).untilReady();
  assert.equal((await json(weir, '/healthz')).degraded, true);
  await ask(weir);
  chmodAll(0o700, 0o600);
  await weir.until(() => weir.stderr.includes('"state_kept_again"'), 'state_kept_again');
  await assert.rejects(ask(weir), { status: 429 });
  await weir.stop();
});

test('what answers taught of a model’s way of counting outlives the run', async (t) => {
  const place = scratch({ 'weir.yaml': yaml({ first: provider }) });
  const estimate = async (weir) => {
    const body = JSON.stringify({ model: 'smart', text: 'a rather long sentence, of which the provider counts only a few' });
    const answer = await fetch(`${weir.origin}/v1/tokenize`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    return (await answer.json()).targets[0].estimate;
  };
  let weir = Weir.launch(place);
  t.after(() => weir.kill());
  await weir.untilReady();
  const before = await estimate(weir);
  for (let i = 0; i < 20; ++i) await ask(weir);
  weir.signal('SIGTERM');
  assert.deepEqual(await weir.exited, { code: 0, signal: null });

  weir = Weir.launch(place);
  await weir.untilReady();
  assert.notEqual(await estimate(weir), before);
});

test('the series of the last day outlive the run, what was under way among them', async (t) => {
  const place = scratch({ 'weir.yaml': yaml({ first: provider }) });
  t.after(() => place.remove());
  const before = await Weir.launch(place).untilReady();
  t.after(() => before.kill());
  for (let i = 0; i < 3; ++i) await ask(before);
  before.signal('SIGTERM');
  assert.deepEqual(await before.exited, { code: 0, signal: null });
  const after = await Weir.launch(place).untilReady();
  t.after(() => after.kill());
  const { requests, plain_p50_ms: plain, ttfb_p50_ms: streamed } = (await json(after, '/admin/v1/status')).series['15m'];
  assert.equal(requests.reduce((sum, n) => sum + n, 0), 3);
  for (const [step, count] of requests.entries()) {
    assert.equal(plain[step] !== null, count > 0, 'a step without requests has no time');
    assert.equal(streamed[step], null, 'nothing was streamed');
  }
  assert.equal((await json(after, '/admin/v1/status')).totals.requests, 0, 'totals are of this run');
});
