// weir quota: what the running daemon knows of its windows, and what a person tells it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FakeProvider, answers } from './support/provider.js';
import { Weir, hello, run, yaml } from './support/weir.js';

let provider;
let weir;

before(async () => {
  provider = await FakeProvider.start(answers('hello there'));
  weir = await Weir.serve(yaml({ local: provider }, { limits: { local: '{rpd: 20, tpm: 10k}' } }));
});
after(async () => {
  await weir.stop();
  await provider.stop();
});

const quota = (...args) => run(['quota', ...args, '--state-dir', weir.stateDir]);

test('show is a table with every window, and says where each number is from', async () => {
  await weir.sdk().chat.completions.create(hello);
  const { code, stdout } = await quota('show');
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^local \(key main\)$/m);
  assert.match(stdout, /^ +rpd +1 +0 +19 +20 +in .* sliding +config$/m);
  assert.match(stdout, /^ +rpm +1 +0 +unknown +unknown .*nobody has said/m);
});

test('show --json is what the daemon answers', async () => {
  const { stdout } = await quota('show', '--json');
  const answer = await fetch(`${weir.origin}/admin/v1/quota`);
  assert.equal(answer.status, 200);
  const strip = (text) => text.replace(/"(as_of|reset|reset_in_s)":[^,}]+/g, '');
  assert.equal(strip(stdout.trim()), strip(await answer.text()));
});

test('set says what has been used: the next request is refused; forget takes it back', async () => {
  const asked = provider.requests.length;
  const set = await quota('set', 'local/m', 'rpd=20');
  assert.equal(set.code, 0, set.stderr);
  await assert.rejects(weir.sdk().chat.completions.create(hello), { status: 429, code: 'insufficient_quota' });
  assert.equal(provider.requests.length, asked);
  assert.equal((await quota('forget', 'local')).code, 0);
  await weir.sdk().chat.completions.create(hello);
});

test('what is wrong is said in words, with an exit code', async () => {
  for (const [args, code, message] of [
    [['set', 'local/m', 'rph=1'], 1, /no window "rph" here; there are: rpd, tpm, rpm/],
    [['set', 'local/m', 'rpd'], 2, /expected a window and a count like rpd=200/],
    [['set', 'local', 'rpd=1'], 2, /name a model too/],
    [['set', 'other/m', 'rpd=1'], 1, /no provider "other" is in use/],
    [['show', 'other'], 1, /nothing of that name is in use/],
    [['frobnicate'], 2, /./],
  ]) {
    const { code: got, stderr } = await quota(...args);
    assert.equal(got, code, args.join(' '));
    assert.match(stderr, message);
  }
});

test('no daemon: it says where it looked', async () => {
  const { code, stderr } = await run(['quota', 'show', '--state-dir', '/nonexistent']);
  assert.equal(code, 1);
  assert.match(stderr, /no daemon has announced itself in \/nonexistent/);
});

test('client keys with limits of their own stand below, where all is asked for', async (t) => {
  const keys = 'auth: {keys: [{name: laptop, key: sk-laptop, limits: {rpd: 9}}, {name: free, key: sk-free}]}';
  const guarded = await Weir.serve(yaml({ local: provider }, { limits: { local: '{rpd: 20}' }, more: keys }));
  t.after(() => guarded.stop());
  await guarded.sdk({ apiKey: 'sk-laptop' }).chat.completions.create(hello);
  const show = async (...args) => (await run(['quota', 'show', ...args, '--state-dir', guarded.stateDir])).stdout;
  const all = await show();
  assert.match(all, /^client key laptop\n +window .*\n +rpd +1 +0 +8 +9 +in .* config$/m);
  assert.doesNotMatch(all, /client key free/);
  assert.doesNotMatch(await show('local'), /client key/);
});

test('where an admin key is configured it is asked for', async () => {
  const guarded = await Weir.serve(yaml({ local: provider }, { more: 'admin: {key: s3cret-admin}' }));
  try {
    const show = (env) => run(['quota', 'show', '--url', guarded.origin], { env });
    assert.match((await show({})).stderr, /send the admin key/);
    assert.match((await show({ WEIR_ADMIN_KEY: 'wrong' })).stderr, /not the admin key/);
    assert.equal((await show({ WEIR_ADMIN_KEY: 's3cret-admin' })).code, 0);
    assert.ok(!guarded.stderr.includes('s3cret-admin'));
  } finally {
    await guarded.stop();
  }
});

test('a page of another site can change nothing', async () => {
  const order = (headers) =>
    fetch(`${weir.origin}/admin/v1/quota/local/main/m`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"rpd":20}',
    });
  assert.equal((await order({ origin: 'https://evil.example' })).status, 403);
  assert.equal((await order({ 'content-type': 'text/plain' })).status, 415);
  await weir.sdk().chat.completions.create(hello);
});
