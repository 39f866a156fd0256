// The commands that end by themselves: check, version, healthcheck, and the exit codes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeProvider, answers } from './support/provider.js';
import { Weir, run, scratch, yaml } from './support/weir.js';

async function check(config, ...options) {
  const place = scratch({ 'weir.yaml': config });
  try {
    return await run(['check', '--config', 'weir.yaml', ...options], { cwd: place.folder });
  } finally {
    place.remove();
  }
}

const good = 'providers:\n  local:\n    preset: openai_compatible\n    base_url: http://127.0.0.1:9/v1\n    api_key: sk-secret-0123456789\n    models: {m: {}}\n';
const bad = 'providers:\n  groq:\n    api_key: none\n    limits:\n      rpm: thirty\nmodels:\n  smart: {targets: [groq/openai/gpt-oss-120b], fallback: []}\n';

test('check: a good file exits 0', async () => {
  const { code, stderr } = await check(good);
  assert.equal(code, 0, stderr);
});

test('check: an empty file is fine, and so is none', async () => {
  assert.equal((await check('')).code, 0);
  const place = scratch();
  assert.equal((await run(['check'], { cwd: place.folder })).code, 0);
  place.remove();
});

test('check: all errors at once, each with its place, and exit code 78', async () => {
  const { code, stdout, stderr } = await check(bad);
  const text = stdout + stderr;
  assert.equal(code, 78);
  assert.match(text, /^weir\.yaml:5:12: error: providers\.groq\.limits\.rpm: expected a count, got "thirty"$/m);
  assert.match(text, /^ +5 \| +rpm: thirty$\n^ +\| +\^$/m);
  assert.match(text, /^weir\.yaml:7:\d+: error: unknown key "fallback" in models\.smart/m);
  assert.match(text, /^2 errors$/m);
});

test('check --format json says the same for machines', async () => {
  const { code, stdout } = await check(bad, '--format', 'json');
  assert.equal(code, 78);
  const problems = JSON.parse(stdout);
  const list = Array.isArray(problems) ? problems : problems.problems;
  assert.equal(list.length, 2);
  assert.equal(list[0].line, 5);
  assert.equal(list[0].column, 12);
});

test('check --print-effective shows what is in effect, and no key', async () => {
  const { code, stdout } = await check(good, '--print-effective');
  assert.equal(code, 0);
  assert.match(stdout, /base_url: "?http:\/\/127\.0\.0\.1:9\/v1/);
  assert.ok(!stdout.includes('sk-secret'), stdout);
});

test('check: a file that is not there is an error of configuration', async () => {
  const { code, stderr } = await run(['check', '--config', '/nonexistent/weir.yaml']);
  assert.equal(code, 78);
  assert.match(stderr, /\/nonexistent\/weir\.yaml/);
});

test('serve: refuses a bad file with 78', async () => {
  const place = scratch({ 'weir.yaml': bad });
  const { code, stdout, stderr } = await run(['serve', '--state-dir', 'state'], { cwd: place.folder });
  assert.equal(code, 78);
  assert.match(stderr, /weir\.yaml:5:12: error/);
  assert.ok(!stdout.includes('READY'));
  place.remove();
});

test('serve: open to the network without a client key it does not start, and says what to do', async () => {
  for (const [listen, more] of [['0.0.0.0:0', ''], ['[::]:0', ''], ['127.0.0.1:0', ' --listen 0.0.0.0:0']]) {
    const place = scratch({ 'weir.yaml': `server: {listen: "${listen}"}\n${good}` });
    const options = more.split(' ').filter((option) => option !== '');
    const { code, stdout, stderr } = await run(['serve', '--state-dir', 'state', ...options], { cwd: place.folder });
    assert.equal(code, 78, stderr);
    assert.match(stderr, /lets the network use your providers' keys; add auth\.keys, or listen on/);
    assert.ok(!stdout.includes('READY'));
    place.remove();
  }
});

test('wrong usage exits 2', async () => {
  assert.equal((await run(['frobnicate'])).code, 2);
  assert.equal((await run(['serve', '--no-such-option'])).code, 2);
  assert.equal((await run([])).code, 2);
  assert.equal((await run(['--help'])).code, 0);
});

test('version, for people and machines', async () => {
  const plain = await run(['version']);
  assert.equal(plain.code, 0);
  assert.match(plain.stdout, /^weir \d+\.\d+\.\d+/);
  const json = JSON.parse((await run(['version', '--json'])).stdout);
  assert.ok(plain.stdout.includes(json.version));
});

test('healthcheck: 0 while it runs, 1 when it does not', async () => {
  const provider = await FakeProvider.start(answers('x'));
  const weir = await Weir.serve(yaml({ first: provider }));
  const healthy = await run(['healthcheck', '--state-dir', weir.stateDir]);
  assert.equal(healthy.code, 0, healthy.stderr);
  const elsewhere = await run(['healthcheck', '--state-dir', `${weir.folder}/none`]);
  assert.equal(elsewhere.code, 1);
  await weir.stop();
  await provider.stop();
});
