// What is for the daemon's own user alone: its state, its log, its memory; and what it says of keys that aren't.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { FakeProvider, answers } from './support/provider.js';
import { Weir, binary, hello, run, scratch, yaml } from './support/weir.js';

const isRoot = process.getuid() === 0;
const isSanitized = readFileSync(binary).includes('__sanitizer_');
const kSomebodyElse = 65534;

let provider;
before(async () => {
  provider = await FakeProvider.start(answers('fine'));
});
after(() => provider.stop());

const modeOf = (file) => (statSync(file).mode & 0o7777).toString(8);

function modesIn(folder) {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, modeOf(path.join(folder, name))]));
}

const serve = (place) => run(['serve', '--config', 'weir.yaml', '--state-dir', place.file('state')], { cwd: place.folder });

test('the state directory and all in it are the owner\'s alone', async () => {
  const weir = await Weir.serve(yaml({ first: provider }, { more: 'log: {file: weir.log}' }));
  await weir.sdk().chat.completions.create(hello);
  assert.equal(modeOf(weir.stateDir), '700');
  const modes = modesIn(weir.stateDir);
  for (const name of ['daemon.json', 'intent.log', 'lock', 'weir.db', 'weir.db-wal']) assert.ok(name in modes, name);
  for (const [name, mode] of Object.entries(modes)) assert.equal(mode, '600', name);
  assert.equal(modeOf(path.join(weir.folder, 'weir.log')), '600');
  await weir.stop();
});

test('what an earlier run left open is closed', async () => {
  const place = scratch({ 'weir.yaml': yaml({ first: provider }) });
  await (await Weir.launch(place).untilReady()).kill();
  const state = place.file('state');
  for (const name of readdirSync(state)) chmodSync(path.join(state, name), 0o644);
  chmodSync(state, 0o777);
  const weir = await Weir.launch(place).untilReady();
  assert.equal(modeOf(state), '700');
  for (const [name, mode] of Object.entries(modesIn(state))) assert.equal(mode, '600', name);
  await weir.untilLogged(/"made_private","path":"[^"]*weir\.db","mode_was":"0644"/);
  await weir.stop();
});

test('a directory that holds other things stays as it is, and is refused where others may write', async () => {
  const place = scratch({ 'weir.yaml': yaml({ first: provider }) });
  const state = place.file('state');
  mkdirSync(state, { mode: 0o755 });
  writeFileSync(path.join(state, 'letter.txt'), 'not ours', { mode: 0o644 });
  const weir = await Weir.launch(place).untilReady();
  assert.equal(modeOf(state), '755');
  assert.equal(modesIn(state)['letter.txt'], '644');
  await weir.untilLogged(/"state_directory_is_open".*chmod 700 /);
  await weir.kill();
  chmodSync(state, 0o777);
  const refused = await serve(place);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /other users may write in it.*--state-dir/);
  assert.equal(modeOf(state), '777');
  place.remove();
});

test('state of another user is refused', { skip: !isRoot && 'only root can give a file away' }, async () => {
  const place = scratch({ 'weir.yaml': yaml({ first: provider }) });
  await (await Weir.launch(place).untilReady()).kill();
  for (const name of ['state', 'state/weir.db', 'state/weir.db-wal', 'state/intent.log', 'state/lock', 'state/daemon.json']) {
    chownSync(place.file(name), kSomebodyElse, kSomebodyElse);
    const { code, stderr } = await serve(place);
    assert.equal(code, 1, name);
    assert.match(stderr, /belongs to another user \(uid 65534\): chown 0 .*--state-dir/);
    assert.ok(stderr.includes(place.file(name)), name);
    chownSync(place.file(name), 0, 0);
  }
  place.remove();
});

test('a key in a file that others can read is warned of, with what to type', async () => {
  const secret = 'sk-planted-0123456789';
  const weir = Weir.launch(scratch({ 'weir.yaml': yaml({ first: provider }, { keys: { first: secret } }), '.env': 'A=b\n' }));
  for (const name of ['weir.yaml', '.env']) chmodSync(path.join(weir.folder, name), 0o644);
  const { code, stdout, stderr } = await run(['check', '--config', 'weir.yaml'], { cwd: weir.folder });
  assert.equal(code, 0);
  assert.match(stdout + stderr, /warning: providers\.first\.api_key: other users can read weir\.yaml: chmod 600 weir\.yaml/);
  assert.match(stdout + stderr, /warning: other users can read this file: chmod 600 \.env/);
  assert.ok(!(stdout + stderr).includes(secret));
  for (const name of ['weir.yaml', '.env']) chmodSync(path.join(weir.folder, name), 0o600);
  const quiet = await run(['check', '--config', 'weir.yaml'], { cwd: weir.folder });
  assert.doesNotMatch(quiet.stdout + quiet.stderr, /warning/);
  await weir.untilReady();
  await weir.stop();
});

test('no core is written of the memory, and nobody may look in', { skip: isSanitized && 'a sanitizer has to' }, async () => {
  const place = scratch({ 'weir.yaml': yaml({ first: provider }) });
  const user = isRoot ? kSomebodyElse : undefined;
  if (isRoot) for (const name of ['', 'weir.yaml']) chownSync(place.file(name), user, user);
  const weir = await Weir.launch(place, { user }).untilReady();
  const of = (name) => `/proc/${weir.pid}/${name}`;
  assert.match(readFileSync(of('limits'), 'utf8'), /^Max core file size +0 +0 /m);
  // What the kernel has of such a process belongs to root, and so does the right to look in.
  assert.equal(statSync(of('environ')).uid, 0);
  await weir.stop();
});

// As a container is started: open to its network, without a configured key.
const openArgs = ['serve', '--config', 'weir.yaml', '--listen', '0.0.0.0:0', '--generate-keys'];

test('serve --generate-keys: keys are made once, kept for their owner alone, asked for, and never logged', async (t) => {
  const place = scratch({ 'weir.yaml': yaml({ first: provider }) });
  t.after(() => place.remove());
  const first = Weir.launch(place, { args: openArgs });
  t.after(() => first.kill());
  await first.untilReady();
  const file = path.join(first.stateDir, 'keys.env');
  assert.equal(modeOf(file), '600');
  const kept = readFileSync(file, 'utf8');
  const [, client] = /^WEIR_CLIENT_KEY=(weir-client-\w+)$/m.exec(kept);
  const [, admin] = /^WEIR_ADMIN_KEY=(weir-admin-\w+)$/m.exec(kept);
  await first.untilLogged(/generated_keys.*\n/);
  const told = first.stderr.split('\n').find((line) => line.includes('generated_keys'));
  assert.equal(JSON.parse(told).file, file);

  const origin = first.origin.replace('0.0.0.0', '127.0.0.1');
  const ask = (where, key) => fetch(origin + where, { headers: key ? { authorization: `Bearer ${key}` } : {} });
  assert.equal((await ask('/v1/models')).status, 401);
  assert.equal((await ask('/v1/models', client)).status, 200);
  assert.equal((await ask('/admin/v1/status', client)).status, 401);
  assert.equal((await ask('/admin/v1/status', admin)).status, 200);
  // The commands that ask the daemon find them beside daemon.json.
  for (const args of [['status'], ['healthcheck'], ['quota', 'show']]) {
    const { code, stderr } = await run([...args, '--state-dir', first.stateDir]);
    assert.equal(code, 0, stderr);
  }
  await first.kill();
  await first.exited;

  const second = Weir.launch(place, { args: openArgs });
  t.after(() => second.kill());
  await second.untilReady();
  assert.equal(readFileSync(file, 'utf8'), kept);
  const response = await fetch(`${second.origin.replace('0.0.0.0', '127.0.0.1')}/v1/chat/completions`, {
    method: 'POST', headers: { authorization: `Bearer ${client}`, 'content-type': 'application/json' }, body: JSON.stringify(hello),
  });
  assert.equal(response.status, 200);
  for (const text of [first.stdout, first.stderr, second.stdout, second.stderr])
    for (const key of [client, admin]) assert.ok(!text.includes(key), text);
});

test('serve --generate-keys: without a place to keep them it does not start, and says so', async () => {
  const place = scratch({ 'weir.yaml': yaml({ first: provider }), 'a-file': '' });
  const args = [...openArgs, '--state-dir', 'a-file/state'];
  const { code, stdout, stderr } = await run(args, { cwd: place.folder });
  assert.equal(code, 1);
  assert.match(stderr, /^error: the generated keys can't be kept: .*--state-dir$/m);
  assert.ok(!stdout.includes('READY'));
  place.remove();
});

test('serve --generate-keys: configured keys stay the only ones', async (t) => {
  const keys = 'auth: {keys: [{name: mine, key: my-client-key}]}\nadmin: {key: my-admin-key}\n';
  const place = scratch({ 'weir.yaml': yaml({ first: provider }, { more: keys }) });
  t.after(() => place.remove());
  const weir = Weir.launch(place, { args: openArgs });
  t.after(() => weir.kill());
  await weir.untilReady();
  assert.ok(!readdirSync(weir.stateDir).includes('keys.env'));
  // A reload that takes them away leaves nobody without: those that were never told are written down now.
  weir.configure(yaml({ first: provider }));
  weir.signal('SIGHUP');
  await weir.until(() => weir.stderr.includes('"reloaded"'), 'the reload');
  const [, client] = /^WEIR_CLIENT_KEY=(.+)$/m.exec(readFileSync(path.join(weir.stateDir, 'keys.env'), 'utf8'));
  const status = async (key) =>
    (await fetch(`${weir.origin.replace('0.0.0.0', '127.0.0.1')}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status;
  assert.deepEqual([await status(client), await status('my-client-key')], [200, 401]);
});
