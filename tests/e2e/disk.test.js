// A disk that is full: a small file system of its own, filled by the test. Whoever may not mount one skips.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { FakeProvider, answers } from './support/provider.js';
import { Weir, hello, scratch, yaml } from './support/weir.js';

const kDisk = '8m';
const kPiece = 256 * 1024;
const kCrumb = 512;

let provider;
before(async () => {
  provider = await FakeProvider.start(answers('fine'));
});
after(() => provider.stop());

const config = (more = '') => yaml({ first: provider }, { limits: { first: '{rpd: 100}' }, more });
const ask = (weir) => weir.sdk().chat.completions.create(hello);
const health = async (weir) => (await fetch(`${weir.origin}/healthz`)).json();

async function used(weir) {
  const { accounts } = await (await fetch(`${weir.origin}/admin/v1/quota`)).json();
  return accounts[0].windows.concat(accounts[0].models[0].windows).find(({ window }) => window === 'rpd').used;
}

// A file system of its own at that name of the place, or nothing where that isn't allowed.
class Disk {
  #path;
  #ballast;

  static mount(t, place, name) {
    const disk = new Disk();
    disk.#path = place.file(name);
    disk.#ballast = path.join(disk.#path, 'ballast');
    mkdirSync(disk.#path, { mode: 0o700 });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kDisk},mode=700`, 'tmpfs', disk.#path], { stdio: 'pipe' });
    } catch (error) {
      t.skip(`no file system can be mounted here: ${String(error.stderr ?? error.message).trim()}`);
      return undefined;
    }
    t.after(() => execFileSync('umount', ['--lazy', disk.#path]));
    return disk;
  }

  // To the last byte.
  fill() {
    for (const size of [kPiece, kCrumb])
      try {
        for (;;) writeFileSync(this.#ballast, Buffer.alloc(size), { flag: 'a' });
      } catch (error) {
        assert.equal(error.code, 'ENOSPC');
      }
  }
  free() {
    rmSync(this.#ballast);
  }
}

test('one that is full at the start: it serves from memory, says so, and keeps state once there is room', async (t) => {
  const place = scratch({ 'weir.yaml': config() });
  const disk = Disk.mount(t, place, 'state');
  if (!disk) return;
  disk.fill();
  let weir = Weir.launch(place);
  t.after(() => weir.kill());
  await weir.untilReady();
  await ask(weir);
  assert.equal((await health(weir)).degraded, true);
  await weir.untilLogged(/"state_degraded"/);
  disk.free();
  await weir.until(() => weir.stderr.includes('"state_kept_again"'), 'state_kept_again');
  await ask(weir);
  assert.equal(await used(weir), 2);
  // The intent log has its room from the start of a run, or not at all.
  assert.equal((await health(weir)).degraded, true);
  const { state } = await (await fetch(`${weir.origin}/admin/v1/quota`)).json();
  assert.match(state.reason, /^what was spent in the last moments would be forgotten by a kill/);
  weir.signal('SIGTERM');
  assert.deepEqual(await weir.exited, { code: 0, signal: null });

  weir = await Weir.launch(place).untilReady();
  assert.equal(await used(weir), 2, 'what was counted in memory has been kept');
  assert.equal((await health(weir)).degraded, undefined);
});

test('one that fills up: it serves, and nothing that was counted meanwhile is lost', async (t) => {
  const place = scratch({ 'weir.yaml': config() });
  const disk = Disk.mount(t, place, 'state');
  if (!disk) return;
  let weir = Weir.launch(place);
  t.after(() => weir.kill());
  await weir.untilReady();
  await ask(weir);
  disk.fill();
  for (let i = 0; i < 21; ++i) await ask(weir);
  // Pages that are written over need no room: it may be that none was missed.
  const wasMissed = weir.stderr.includes('"state_degraded"');
  disk.free();
  if (wasMissed) await weir.until(() => weir.stderr.includes('"state_kept_again"'), 'state_kept_again');
  await weir.kill();

  weir = await Weir.launch(place).untilReady();
  assert.equal(await used(weir), 22);
});

test('one that is full when weir ends and starts: it ends cleanly', async (t) => {
  const place = scratch({ 'weir.yaml': config() });
  const disk = Disk.mount(t, place, 'state');
  if (!disk) return;
  let weir = Weir.launch(place);
  t.after(() => weir.kill());
  await weir.untilReady();
  await ask(weir);
  disk.fill();
  await ask(weir);
  weir.signal('SIGTERM');
  assert.deepEqual(await weir.exited, { code: 0, signal: null });
  weir = await Weir.launch(place).untilReady();
  await ask(weir);
  assert.equal(await used(weir), 3, 'the intent log has its room from the beginning');
});

test('a full disk under the log: it serves, and the log says how many lines it lost', async (t) => {
  const place = scratch({ 'weir.yaml': config(`log: {file: logs/weir.log}`) });
  const disk = Disk.mount(t, place, 'logs');
  if (!disk) return;
  const weir = Weir.launch(place);
  t.after(() => weir.kill());
  await weir.untilReady();
  let asked = 0;
  const askOnce = () => (++asked, ask(weir));
  await askOnce();
  disk.fill();
  for (let i = 0; i < 50; ++i) await askOnce();
  disk.free();
  const log = () => readFileSync(place.file('logs/weir.log'), 'utf8');
  while (!log().includes('"log_lines_lost"')) await askOnce();
  weir.signal('SIGTERM');
  assert.deepEqual(await weir.exited, { code: 0, signal: null });
  const lines = log().trimEnd().split('\n').filter((line) => line !== '');
  const events = [];
  const cut = [];
  for (const line of lines) {
    try {
      events.push(JSON.parse(line));
    } catch {
      cut.push(line);
    }
  }
  assert.ok(cut.length <= 1, `one line is cut where the disk was full: ${cut.join('\n')}`);
  const lost = events.filter(({ event }) => event === 'log_lines_lost').reduce((sum, { lines }) => sum + lines, 0);
  const told = events.filter(({ event }) => event === 'request').length;
  assert.equal(told + lost, asked, 'each request has its line, or is counted');
});
