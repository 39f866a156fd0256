// What a newcomer does first: `weir demo`, the curl line it prints, and an SDK pointed at it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Weir } from './support/weir.js';

let weir;
before(async () => {
  weir = await Weir.demo();
  await weir.until(() => /^\s*curl [\s\S]*\n/m.test(weir.stdout), 'the curl line');
});
after(() => weir.stop());

test('READY says three providers, and the curl line works as printed', async () => {
  assert.equal(weir.ready.providers, '3');
  const command = /^\s*(curl (?:.*\\\n)*.*)$/m.exec(weir.stdout)[1];
  const { stdout } = await promisify(execFile)('bash', ['-c', command]);
  const body = stdout.replace(/^HTTP\/1\.1 200 [^]*?\r\n\r\n/, ''); // where the line asks for the head too
  assert.ok(JSON.parse(body).choices[0].message.content.length > 0, stdout);
});

test('an SDK gets answers, streamed and not', async () => {
  const names = (await weir.sdk().models.list()).data.map((model) => model.id);
  const model = names[0];
  const messages = [{ role: 'user', content: 'Hello' }];
  const answer = await weir.sdk().chat.completions.create({ model, messages });
  assert.ok(answer.choices[0].message.content.length > 0);
  const stream = await weir.sdk().chat.completions.create({ model, messages, stream: true });
  let text = '';
  for await (const piece of stream) text += piece.choices[0]?.delta?.content ?? '';
  assert.ok(text.length > 0);
});

test('one provider runs dry and the others take over, until nothing is left', async () => {
  const names = (await weir.sdk().models.list()).data.map((model) => model.id);
  const messages = [{ role: 'user', content: 'Hello' }];
  // Less patient than the demo's windows are long.
  const headers = { 'x-weir-timeout-ms': '5000' };
  const ask = () => weir.sdk().chat.completions.create({ model: names[0], messages }, { headers }).withResponse();
  const servers = new Set();
  let refusal;
  for (let wave = 0; wave < 50 && !refusal; ++wave) {
    for (const end of await Promise.allSettled(Array.from({ length: 10 }, ask))) {
      // One that got its turn just before its deadline may end at it, with a 504.
      if (end.status === 'rejected') refusal = end.reason.status === 504 ? refusal : end.reason;
      else servers.add(end.value.response.headers.get('x-weir-served-by').split('/')[0]);
    }
  }
  assert.equal(servers.size, 3, [...servers].join());
  assert.equal(refusal?.status, 429);
  assert.ok(Number(refusal.headers.get('retry-after')) > 0);
});
