// The dashboard in Chromium, over `weir demo` under load.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { Tab, kLaptop, kPhone, launch } from './support/browser.js';
import { FakeProvider, answers } from './support/provider.js';
import { Weir, hello, yaml } from './support/weir.js';

const kPages = { '': 'Requests', models: 'Models', explain: 'Explain', events: 'Events', config: 'Configuration' };
const kClients = 6;

let weir;
let browser;
let isOver = false;
const clients = [];

// Each asks for more than the demo's small quotas give, streamed or not, and takes a refusal as it comes.
async function client(number) {
  const headers = { 'x-weir-timeout-ms': '3000' };
  for (let round = 0; !isOver; ++round) {
    const body = { model: 'smart', messages: [{ role: 'user', content: 'Hello' }], stream: (number + round) % 2 === 0 };
    const answer = await weir.sdk().chat.completions.create(body, { headers }).catch(() => undefined);
    if (answer && body.stream) for await (const piece of answer) void piece;
    await new Promise((resolve) => setTimeout(resolve, answer ? 100 : 2000)); // a refusal comes at once
  }
}

before(async () => {
  [weir, browser] = await Promise.all([Weir.demo(), launch()]);
  for (let i = 0; i < kClients; ++i) clients.push(client(i));
});
after(async () => {
  isOver = true;
  const gone = Promise.allSettled(clients); // with the streams that the stop cuts
  await browser.close();
  await weir.stop();
  await gone;
});

// Plain HTTP: fetch() would neither send these headers nor show what came over the wire.
function ask(path, { method = 'GET', headers = {}, body } = {}) {
  const { hostname, port } = new URL(weir.origin);
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, path, method, headers }, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

const html = { accept: 'text/html' };

// Resolves when the count of requests has changed: a delta has come.
async function moved(page) {
  const total = page.locator('.facts dd').nth(2);
  await page.waitForFunction(([node, was]) => node.innerText !== was, [await total.elementHandle(), await total.innerText()]);
}

async function fillIn(page, name) {
  if (name === '') await page.locator('.requests li').first().waitFor();
  if (name === 'models') await page.locator('.models summary').first().click();
  if (name === 'config') await page.locator('.yaml tr').first().waitFor();
  if (name !== 'explain') return;
  await page.getByLabel('Model').fill('smart');
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.getByRole('heading', { name: /targets? ha(s|ve) room/ }).waitFor();
}

for (const [theme, kind, size] of [['light', 'laptop', kLaptop], ['dark', 'laptop', kLaptop], ['light', 'phone', kPhone], ['dark', 'phone', kPhone]]) {
  test(`each page, ${theme}, on a ${kind}: no error, axe clean, nothing sticks out`, async () => {
    const tab = await Tab.open(browser, weir.origin, { theme, size });
    for (const [name, title] of Object.entries(kPages)) {
      await tab.go(name);
      await tab.page.getByRole('heading', { name: title, exact: true }).first().waitFor();
      await fillIn(tab.page, name);
      await tab.looksRight(`${title}, ${theme}, ${kind}`);
      await tab.picture(`${name || 'overview'}-${theme}-${kind}`);
    }
    await tab.close();
  });
}

test('the first screen of a laptop holds the sentence, the cards, the requests and the charts', async () => {
  const tab = await Tab.open(browser, weir.origin);
  await tab.go('');
  const { page } = tab;
  await page.locator('.requests li').first().waitFor();
  assert.equal(await page.locator('.card').count(), 3);
  for (const part of ['.summary h1', '.card >> nth=0', '.card >> nth=2', '.requests', '.chart >> nth=0', '.chart >> nth=2']) {
    const box = await page.locator(part).boundingBox();
    assert.ok(box.y + box.height <= kLaptop.height, `${part} ends at ${box.y + box.height}`);
  }
  const status = await (await fetch(`${weir.origin}/admin/v1/status`)).json();
  const card = page.locator('.card').filter({ has: page.getByRole('heading', { name: status.cards[0].provider }) });
  const words = await card.innerText();
  assert.match(words, /\d left\s+of \d|used up\s+of \d/);
  assert.match(words, /\d used/);
  assert.match(words, /preset|config|header|refusal|learned/);
  await tab.close();
});

test('numbers move by themselves, over one stream and no other request', async () => {
  const tab = await Tab.open(browser, weir.origin);
  await tab.go('');
  const { page } = tab;
  await moved(page);
  const asked = tab.sent.filter((one) => one.includes('/admin/'));
  assert.deepEqual(asked, ['GET /admin/v1/events']);
  await tab.close();
});

test('a request shows its trail, and the list holds still meanwhile', async () => {
  const tab = await Tab.open(browser, weir.origin);
  await tab.go('');
  const { page } = tab;
  const served = page.locator('.requests li').filter({ has: page.getByText('ok', { exact: true }) }).first();
  await page.locator('.requests').hover(); // and nothing slips away
  await served.locator('summary').click();
  await page.locator('.trail').waitFor();
  const trail = page.locator('.trail').first();
  assert.match(await trail.innerText(), /ok, \d+(\.\d)? m?s/);
  const id = await trail.locator('code').innerText();
  const answer = await fetch(`${weir.origin}/admin/v1/requests/${id}`);
  assert.equal((await answer.json()).id, id);
  await page.getByText('held still while you look').waitFor();
  const rows = () => page.locator('.requests summary .took').allInnerTexts();
  const before = (await rows()).slice(10);
  await moved(page);
  await moved(page);
  assert.deepEqual((await rows()).slice(10), before);
  await tab.close();
});

test('everything is reached by keyboard, and the focus is seen', async () => {
  const tab = await Tab.open(browser, weir.origin);
  await tab.go('');
  const { page } = tab;
  const focused = () => page.evaluate(() => document.activeElement.innerText.trim().split('\n')[0]);
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Skip to the content');
  const seen = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(seen, 'solid');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  assert.equal(new URL(page.url()).hash, '#/');
  const reached = [];
  for (let i = 0; i < 60 && !reached.includes('smart'); ++i) {
    await page.keyboard.press('Tab');
    reached.push(await focused());
  }
  for (const name of ['Disable', '15 min', '24 h', 'smart']) assert.ok(reached.includes(name), `${name} in ${reached}`);
  await page.keyboard.press('Enter');
  await page.locator('.trail').waitFor();

  await page.getByRole('link', { name: 'Events' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Events', exact: true }).waitFor();
  // With the page, not after it: a reader begins there, and who types already isn't disturbed.
  assert.equal(await page.title(), 'Events · weir');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await tab.close();
});

test('a key is left alone and used again by a click, and the order is carried out', async () => {
  const tab = await Tab.open(browser, weir.origin);
  await tab.go('');
  const { page } = tab;
  const { cards } = await (await fetch(`${weir.origin}/admin/v1/status`)).json();
  const { provider, key } = cards[0];
  await page.getByRole('button', { name: `Disable ${provider} ${key}` }).click();
  const card = page.locator('.card').first();
  await card.getByText('disabled', { exact: true }).waitFor();
  assert.equal((await (await fetch(`${weir.origin}/admin/v1/status`)).json()).cards[0].state, 'disabled');
  await tab.looksRight('a disabled key');
  await page.getByRole('button', { name: `Enable ${provider} ${key}` }).click();
  await card.getByText('disabled', { exact: true }).waitFor({ state: 'detached' });
  await tab.close();
});

test('an order that can’t be carried out says why', async () => {
  const tab = await Tab.open(browser, weir.origin);
  await tab.go('config');
  await tab.page.getByRole('button', { name: 'Reload' }).click();
  await tab.page.locator('.toast').getByText('there is nothing to reload here').waitFor();
  await tab.close({ faults: [/status of 400/] });
});

test('the theme is the system’s until one is chosen, and stays chosen', async () => {
  const tab = await Tab.open(browser, weir.origin, { theme: 'light' });
  await tab.go('');
  const { page } = tab;
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await background();
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await background();
  assert.notEqual(dark, light);
  await page.getByRole('button', { name: /^Theme/ }).click();
  assert.equal(await background(), light);
  await page.reload();
  await page.getByText('live', { exact: true }).waitFor();
  assert.equal(await background(), light);
  await page.getByRole('button', { name: /^Theme/ }).click();
  await page.emulateMedia({ colorScheme: 'light' });
  assert.equal(await background(), dark);
  await tab.close();
});

test('the whole page is under 60 KB over the wire, kept by its hashes, and not sent twice', async () => {
  const headers = { ...html, 'accept-encoding': 'gzip' };
  const page = await ask('/', { headers });
  assert.equal(page.status, 200);
  const { gunzipSync } = await import('node:zlib');
  const names = [...gunzipSync(page.body).toString().matchAll(/"(\/assets\/[^"]+)"/g)].map(([, name]) => name);
  assert.equal(names.length, 2);
  let sent = page.body.length;
  for (const name of names) {
    const file = await ask(name, { headers });
    assert.equal(file.headers['content-encoding'], 'gzip');
    assert.match(file.headers['cache-control'], /immutable/);
    sent += file.body.length;
    const plain = await ask(name);
    assert.deepEqual(plain.body, gunzipSync(file.body));
    const again = await ask(name, { headers: { ...headers, 'if-none-match': file.headers.etag } });
    assert.equal(again.status, 304);
    assert.equal(again.body.length, 0);
  }
  assert.ok(sent < 60_000, `${sent} bytes`);
  const head = await ask('/', { method: 'HEAD', headers });
  assert.equal(head.headers['content-length'], String(page.body.length));
  assert.equal((await ask('/assets/app.0000.js')).status, 404);
});

test('who isn’t a browser gets the JSON card', async () => {
  for (const accept of [undefined, '*/*', 'application/json']) {
    const card = await ask('/', { headers: accept ? { accept } : {} });
    assert.equal(JSON.parse(card.body).name, 'weir');
  }
});

test('the page’s policy lets nothing foreign run', async () => {
  const answer = await ask('/', { headers: html });
  assert.match(answer.headers['content-security-policy'], /^default-src 'none'; script-src 'self'; style-src 'self';/);
  assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  assert.equal(answer.headers['referrer-policy'], 'no-referrer');
  const tab = await Tab.open(browser, weir.origin);
  await tab.go('');
  const ran = await tab.page.evaluate(async () => {
    const violation = new Promise((resolve) => document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective), { once: true }));
    const script = document.createElement('script');
    script.textContent = 'window.foreign = true';
    document.head.append(script);
    return { directive: await violation, foreign: window.foreign ?? false };
  });
  assert.deepEqual(ran, { directive: 'script-src-elem', foreign: false });
  await tab.close({ faults: [/Content Security Policy/] });
});

test('another name for this address, and another page, are refused', async () => {
  for (const path of ['/', '/admin/v1/status', '/admin/v1/events']) {
    const answer = await ask(path, { headers: { ...html, host: 'evil.example' } });
    assert.equal(answer.status, 403, path);
    assert.doesNotMatch(answer.body.toString(), /<html/);
  }
  const body = JSON.stringify({ enabled: false });
  const json = { 'content-type': 'application/json' };
  const orders = [['POST', '/admin/v1/drain'], ['PATCH', '/admin/v1/keys/*/*'], ['DELETE', '/admin/v1/cooldowns/*/*']];
  for (const [method, path] of orders) {
    for (const origin of ['https://evil.example', 'null']) {
      const answer = await ask(path, { method, body, headers: { ...json, origin } });
      assert.equal(answer.status, 403, `${method} ${path} from ${origin}`);
    }
  }
  // What a form could send without asking first.
  for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
    const answer = await ask('/admin/v1/drain', { method: 'POST', headers: { 'content-type': type } });
    assert.equal(answer.status, 415, type);
  }
  // And in the browser: a page of another origin can neither read nor order.
  const stranger = http.createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<title>x</title>'));
  await new Promise((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${stranger.address().port}/`);
  const outcomes = await page.evaluate(async (origin) => {
    const tried = [
      fetch(`${origin}/admin/v1/status`),
      fetch(`${origin}/admin/v1/drain`, { method: 'POST', headers: { 'content-type': 'application/json' } }),
      fetch(`${origin}/admin/v1/keys/*/*`, { method: 'PATCH', body: '{"enabled":false}', headers: { 'content-type': 'application/json' } }),
    ];
    const ends = await Promise.allSettled(tried);
    await fetch(`${origin}/admin/v1/drain`, { method: 'POST', mode: 'no-cors' });
    return ends.map((end) => end.status);
  }, weir.origin);
  await page.close();
  stranger.close();
  assert.deepEqual(outcomes, ['rejected', 'rejected', 'rejected']);
  const status = await (await fetch(`${weir.origin}/admin/v1/status`)).json();
  assert.notEqual(status.state, 'draining');
  assert.ok(status.cards.every((card) => card.enabled));
});

test('with admin.key the page asks for it, keeps it in this tab only, and sends it as a header', async (t) => {
  const provider = await FakeProvider.start(answers('hello'));
  t.after(() => provider.stop());
  const guarded = await Weir.serve(yaml({ local: provider }, { more: 'admin: {key: open-sesame}' }));
  t.after(() => guarded.stop());
  const tab = await Tab.open(browser, guarded.origin);
  const { page } = tab;
  await page.goto(guarded.origin);
  await page.getByLabel('Admin key').fill('wrong');
  await tab.looksRight('the key form');
  await tab.picture('key-light-laptop');
  await page.keyboard.press('Enter');
  await page.getByText('Not opened: this is not the admin key.').waitFor();
  await page.getByLabel('Admin key').fill('open-sesame');
  await page.keyboard.press('Enter');
  await page.getByText('live', { exact: true }).waitFor();
  await guarded.sdk().chat.completions.create(hello);
  await page.locator('.requests').getByText('smart').waitFor();
  const kept = await page.evaluate(() => ({ ...localStorage, cookie: document.cookie, url: location.href }));
  assert.doesNotMatch(JSON.stringify(kept), /open-sesame/);
  assert.match(JSON.stringify(await page.evaluate(() => ({ ...sessionStorage }))), /open-sesame/);
  await page.getByRole('link', { name: 'Config' }).click();
  await page.locator('.yaml tr.set').first().waitFor();
  const listed = await page.locator('.yaml').innerText();
  assert.doesNotMatch(listed, /open-sesame/);
  assert.match(listed, /line \d+\s+local:/);
  await page.getByRole('button', { name: 'Lock' }).click();
  await page.getByLabel('Admin key').waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await tab.close({ faults: [/status of 401/] });
});

test('admin.dashboard: false leaves the JSON card only', async (t) => {
  const provider = await FakeProvider.start(answers('hello'));
  t.after(() => provider.stop());
  const plain = await Weir.serve(yaml({ local: provider }, { more: 'admin: {dashboard: false}' }));
  t.after(() => plain.stop());
  assert.equal(plain.ready.dashboard, 'off');
  const answer = await fetch(plain.origin, { headers: html });
  assert.equal((await answer.json()).name, 'weir');
  const [script] = (await (await fetch(weir.origin, { headers: html })).text()).match(/\/assets\/[^"]+\.js/);
  assert.equal((await fetch(plain.origin + script)).status, 404);
});

test('a reload takes what the file says now, and the page follows', async (t) => {
  const provider = await FakeProvider.start(answers('hello'));
  t.after(() => provider.stop());
  const other = await Weir.serve(yaml({ local: provider }));
  t.after(() => other.stop());
  const tab = await Tab.open(browser, other.origin);
  await tab.go('config');
  const { page } = tab;
  await page.locator('.yaml').getByText('local:').waitFor();
  other.configure(yaml({ local: provider, another: provider }));
  await page.getByRole('button', { name: 'Reload' }).click();
  await page.locator('.yaml').getByText('another:').waitFor();
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByRole('heading', { name: 'another main' }).waitFor();
  assert.equal(await page.locator('.card').count(), 2);
  await page.getByRole('link', { name: 'Models' }).click();
  await page.locator('.models').getByText('another/m', { exact: true }).first().waitFor();
  await page.getByRole('link', { name: 'Events' }).click();
  await page.locator('.events').getByText('reloaded', { exact: true }).waitFor();
  await tab.close();
});

test('drain asks first, is then carried out, and the page says that weir has gone', async (t) => {
  const provider = await FakeProvider.start(answers('hello'));
  t.after(() => provider.stop());
  const other = await Weir.serve(yaml({ local: provider }));
  t.after(() => other.stop());
  const tab = await Tab.open(browser, other.origin);
  await tab.go('config');
  const { page } = tab;
  await page.getByRole('button', { name: 'Drain and stop…' }).click();
  await tab.looksRight('the question');
  await page.getByRole('button', { name: 'Cancel' }).click();
  assert.equal((await fetch(`${other.origin}/readyz`)).status, 200);
  await page.getByRole('button', { name: 'Drain and stop…' }).click();
  await page.getByRole('button', { name: 'Drain and stop', exact: true }).click();
  assert.deepEqual(await other.exited, { code: 0, signal: null });
  await page.getByText('weir isn’t answering.').waitFor();
  await page.getByText(/Last seen \d+ s ago|Last seen now/).waitFor();
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByText('not connected').waitFor();
  await tab.looksRight('a lost connection');
  await tab.picture('lost-light-laptop');
  await tab.close({ faults: [/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED/] });
});
