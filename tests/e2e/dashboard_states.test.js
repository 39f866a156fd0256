// The dashboard where things aren't as `weir demo` has them: dead keys, unknown limits, failures, nothing at all.
// The page is weir's; what it is told is the fixture's.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Tab, kLaptop, kPhone, launch } from './support/browser.js';
import { DashboardFixture, snapshot } from './support/dashboard_fixture.js';
import { Weir } from './support/weir.js';

let weir;
let browser;
let assets;

async function assetsOf(origin) {
  const files = new Map();
  const take = async (path) => {
    const answer = await fetch(origin + path, { headers: { accept: 'text/html' } });
    const body = Buffer.from(await answer.arrayBuffer());
    const policy = answer.headers.get('content-security-policy');
    files.set(path, { type: answer.headers.get('content-type'), body, headers: { 'content-security-policy': policy } });
    return body.toString();
  };
  for (const [path] of (await take('/')).matchAll(/\/assets\/[^"]+/g)) await take(path);
  return files;
}

before(async () => {
  [weir, browser] = await Promise.all([Weir.demo(), launch()]);
  assets = await assetsOf(weir.origin);
});
after(async () => {
  await browser.close();
  await weir.stop();
});

async function open(t, { first, theme, size, clock } = {}) {
  const fixture = await DashboardFixture.start(assets);
  t.after(() => fixture.stop());
  if (first) fixture.first = first;
  const tab = await Tab.open(browser, fixture.origin, { theme, size });
  if (clock) await tab.page.clock.install();
  await tab.go('');
  return { fixture, tab, page: tab.page };
}

const cardOf = (page, name) => page.getByRole('listitem').filter({ has: page.getByRole('heading', { name, exact: true }) });

test('every state of a card is said in words, in both themes and on a phone', async (t) => {
  for (const [theme, kind, size] of [['light', 'laptop', kLaptop], ['dark', 'laptop', kLaptop], ['dark', 'phone', kPhone]]) {
    const { tab, page } = await open(t, { theme, size });
    for (const [name, words] of [
      ['groq main', ['ready', '788 left', '600 reserved', 'header']],
      ['gemini main', ['limited', 'requests a day used up', 'back in 18 h', 'refusal', 'untouched']],
      ['openrouter main', ['3 of it by others', '19 left', 'config']],
      ['openrouter second', ['refused', 'put a new one into OPENROUTER_KEY_2', 'No limit is configured or known']],
      ['mistral main', ['failing', 'left alone after failures', 'limit unknown', 'not reported', '4,100 used', 'learned']],
      ['local main', ['disabled', 'disabled until the restart', 'Enable']],
    ]) {
      const told = await cardOf(page, name).innerText();
      for (const word of words) assert.ok(told.includes(word), `"${word}" in the card of ${name}: ${told}`);
    }
    await page.locator('.requests summary').nth(7).click();
    await tab.looksRight(`all states, ${theme}, ${kind}`);
    await tab.picture(`states-${theme}-${kind}`);
    await tab.close();
  }
});

test('six cards, the requests and the charts fit the first screen', async (t) => {
  const { tab, page } = await open(t);
  for (const part of ['.card >> nth=5', '.requests', '.chart >> nth=2']) {
    const box = await page.locator(part).boundingBox();
    assert.ok(box.y + box.height <= kLaptop.height, `${part} ends at ${box.y + box.height}`);
  }
  await tab.close();
});

test('a card shows its other windows and cooldowns when asked, and its cooldowns are cleared by a click', async (t) => {
  const { fixture, tab, page } = await open(t);
  const card = cardOf(page, 'groq main');
  assert.equal(await card.locator('.window').count(), 3);
  await card.getByRole('button', { name: '9 more' }).click();
  assert.equal(await card.locator('.window').count(), 12);
  const told = await card.innerText();
  assert.match(told, /openai\/gpt-oss-20b: rate limited, over in \d+ s/);
  assert.match(told, /qwen\/qwen3.8-27b: provider has no capacity/);
  await tab.looksRight('an open card');
  await card.getByRole('button', { name: 'Clear cooldowns of groq main' }).click();
  await page.getByText('The cooldowns of groq main are over.').waitFor();
  assert.deepEqual(fixture.orders, [{ method: 'DELETE', path: '/admin/v1/cooldowns/groq/main', body: '' }]);
  await tab.close();
});

test('where no provider has a key the page says what to do', async (t) => {
  const nothing = () => ({
    ...snapshot(), state: 'unavailable', sentence: 'no provider is configured', cards: [], live: [], requests: [], events: [],
    series: { '15m': {}, '24h': {} },
  });
  const { tab, page } = await open(t, { first: nothing });
  await page.getByText('No provider has a key yet').waitFor();
  await page.getByText('Nothing has been measured yet').waitFor();
  await page.getByText(/None yet\. Point a client/).waitFor();
  await tab.looksRight('nothing yet');
  await tab.picture('empty-light-laptop');
  await tab.close();
});

test('an answer that comes before the browser has painted is shown', async (t) => {
  const fixture = await DashboardFixture.start(assets);
  t.after(() => fixture.stop());
  fixture.key = 'open-sesame';
  const tab = await Tab.open(browser, fixture.origin);
  // Painting, and what is done after it, comes late.
  await tab.page.addInitScript(() => {
    window.requestAnimationFrame = () => 0;
    const { setTimeout } = window;
    window.setTimeout = (what, ms) => setTimeout(what, (ms ?? 0) + 1000);
  });
  await tab.page.goto(fixture.origin);
  await tab.page.getByLabel('Admin key').waitFor();
  await tab.close({ faults: [/status of 401/] });
});

test('nobody is read to while nobody looks', async (t) => {
  const { fixture, tab, page } = await open(t, { clock: true });
  assert.equal(fixture.readers, 1);
  const hide = (hidden) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { value, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  const readers = async (count) => {
    for (let i = 0; i < 200 && fixture.readers !== count; ++i) await page.waitForTimeout(20);
    assert.equal(fixture.readers, count);
  };
  await hide(true);
  await readers(0);
  const asked = tab.sent.length;
  await page.clock.fastForward(600_000); // it tries nothing later, either
  assert.equal(fixture.readers, 0);
  assert.equal(tab.sent.length, asked);
  await hide(false);
  await readers(1);
  await tab.close();
});

test('a store that can’t be written is an alarm', async (t) => {
  const { tab, page } = await open(t, { first: () => ({ ...snapshot(), store: { degraded: true, reason: 'no space left on device' } }) });
  await page.getByRole('alert').getByText(/no space left on device/).waitFor();
  await tab.looksRight('a store in need');
  await tab.close();
});

test('what weir says while the page is open is among the events, and can be searched', async (t) => {
  const { fixture, tab, page } = await open(t);
  await page.getByRole('link', { name: 'Events' }).click();
  fixture.tell('event', { seq: 99, at: new Date().toISOString(), level: 'warn', event: 'key_disabled', fields: { provider: 'groq', key: 'main' } });
  await page.locator('.events li').first().getByText('key disabled').waitFor();
  await page.getByRole('button', { name: 'Errors', exact: true }).click();
  assert.equal(await page.locator('.events li').count(), 1);
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await page.getByLabel('Filter events').fill('provider=groq');
  assert.equal(await page.locator('.events li').count(), 1);
  await tab.close();
});

test('an unknown model is told where it was asked for', async (t) => {
  const { tab, page } = await open(t);
  await page.getByRole('link', { name: 'Explain' }).click();
  await page.getByLabel('Model').fill('nobody');
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.getByText('no model "nobody"').waitFor();
  await page.getByLabel('Model').fill('smart');
  await page.getByLabel('Tools').check();
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.getByRole('heading', { name: '2 of 4 targets have room' }).waitFor();
  assert.match(await page.locator('.candidates').innerText(), /gemini\/gemini-3\.5-flash[\s\S]*later[\s\S]*requests a day used up, room at/);
  await tab.close({ faults: [/status of 404/] });
});

test('a connection that breaks is opened again, and what stands there meanwhile is marked as old', async (t) => {
  const { fixture, tab, page } = await open(t);
  fixture.refuse = true;
  fixture.drop();
  await page.getByText('weir isn’t answering.').waitFor();
  assert.ok(await page.locator('.card').count() > 0);
  await page.getByText(/what stands here is of then/).waitFor();
  fixture.refuse = false;
  await page.getByRole('button', { name: 'Try now' }).click();
  await page.getByText('weir isn’t answering.').waitFor({ state: 'detached' });
  await tab.close({ faults: [/ERR_/] });
});
