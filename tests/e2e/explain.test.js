// weir explain: the dry run of the running daemon, as a person at a terminal sees it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { FakeProvider, answers } from './support/provider.js';
import { Weir, hello, run, scratch, yaml } from './support/weir.js';

let provider;
let weir;
before(async () => {
  provider = await FakeProvider.start(answers('hello there'));
  weir = await Weir.serve(yaml({ first: provider, second: provider }, { limits: { first: '{rpm: 1}', second: '{tpm: 2k}' } }));
});
after(async () => {
  await weir.stop();
  await provider.stop();
});

const explain = (...args) => run(['explain', ...args, '--state-dir', weir.stateDir]);

test('it says who has room, who not, and until when, and takes nothing', async () => {
  for (let i = 0; i < 3; ++i) {
    const { code, stdout, stderr } = await explain('-m', 'smart', '--tokens', '1200');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^smart \(priority\): 2 of 2 targets have room for 1200 \+ 512 tokens$/m);
  }
  await weir.sdk().chat.completions.create(hello);
  const { stdout } = await explain('-m', 'gpt-4o', '--tokens', '3000');
  assert.match(stdout, /0 of 2 targets/);
  assert.match(stdout, /first\/m#\S+ +1 +rpm, room at 20\d\d-\d\d-\d\dT/);
  assert.match(stdout, /second\/m#\S+ +1 +tpm can never hold as much$/m);
});

test('a request as it would be sent, and --json', async () => {
  const place = scratch();
  writeFileSync(place.file('r.json'), JSON.stringify({ ...hello, tools: [] }));
  const { code, stdout } = await explain('--request', place.file('r.json'), '--json');
  assert.equal(code, 0);
  const said = JSON.parse(stdout);
  assert.equal(said.model, 'smart');
  assert.deepEqual(said.targets[1].changes, []);
  place.remove();
});

test('what is wrong is said in words, with an exit code', async () => {
  assert.equal((await explain()).code, 2);
  const unknown = await explain('-m', 'smrt');
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /did you mean "smart"/);
});

test('a body made to overflow is refused, and the daemon lives', async () => {
  const deep = '['.repeat(200_000);
  const ask = async (method, path, body) => {
    const answer = await fetch(`${weir.origin}${path}`, { method, body, headers: { 'content-type': 'application/json' } });
    return { status: answer.status, message: (await answer.json()).error.message };
  };
  for (const body of [`{"request":{"x":${deep}`, `{"model":"smart","x":${deep}${']'.repeat(deep.length)}}`, deep]) {
    const { status, message } = await ask('POST', '/admin/v1/explain', body);
    assert.equal(status, 400);
    assert.match(message, /64 levels; send an object like/);
  }
  assert.equal((await ask('PUT', '/admin/v1/quota/first/*/m', '['.repeat(10_000))).status, 400);
  assert.equal((await ask('PUT', '/admin/v1/quota/first/*/m', `{"rpm":${deep}`)).status, 413);
  assert.equal((await ask('POST', '/admin/v1/explain', '['.repeat(20 << 20))).status, 413);
  assert.equal((await fetch(`${weir.origin}/livez`)).status, 200);
});
