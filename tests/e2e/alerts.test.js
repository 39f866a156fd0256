// Alerts: a webhook is told, signed, and told again where it wasn't taken.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';
import { FakeProvider, answers } from './support/provider.js';
import { Weir, hello, yaml } from './support/weir.js';

test('a window that is nearly used is told to the webhook, again where it failed, signed', async (t) => {
  const provider = await FakeProvider.start(answers('hello there'));
  t.after(() => provider.stop());
  const got = [];
  let heard;
  const twice = new Promise((resolve) => (heard = resolve));
  const hook = http.createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    got.push({ url: request.url, headers: request.headers, body });
    response.writeHead(got.length === 1 ? 503 : 204).end();
    if (got.length === 2) heard();
  });
  hook.listen(0, '127.0.0.1');
  await once(hook, 'listening');
  t.after(() => hook.close());
  const weir = await Weir.serve(
    yaml({ local: provider }, {
      limits: { local: '{rpd: 2}' },
      more: `alerts: {at: [50%], webhook: "http://127.0.0.1:${hook.address().port}/hook/planted-path", secret: planted-secret}`,
    }),
  );
  t.after(() => weir.kill());
  await weir.sdk().chat.completions.create(hello);
  await twice;
  for (const { url, headers, body } of got) {
    assert.equal(url, '/hook/planted-path');
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(headers['x-weir-signature'], `sha256=${createHmac('sha256', 'planted-secret').update(body).digest('hex')}`);
  }
  const alert = JSON.parse(got[1].body);
  assert.equal(alert.alert, 'quota_threshold');
  assert.equal(alert.window, 'rpd');
  assert.equal(alert.share, 0.5);
  assert.match(alert.message, /^50 % of local rpd is used, 1 of 2 left/);
  assert.deepEqual(JSON.parse(got[0].body), alert);
  await weir.until(() => /"event":"alert"/.test(weir.stderr), 'the alert in the log');
  assert.match(await (await fetch(`${weir.origin}/metrics`)).text(), /^weir_alerts_total\{alert="quota_threshold"\} 1$/m);
  const config = await (await fetch(`${weir.origin}/admin/v1/config`)).text();
  assert.doesNotMatch(weir.stderr + config, /planted/);
});
