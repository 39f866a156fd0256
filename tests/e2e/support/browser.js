import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { afterEach } from 'node:test';
import { chromium } from 'playwright-core';

const program = process.env.CHROMIUM ?? '/usr/bin/chromium';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const kLaptop = { width: 1440, height: 780 }; // what a browser leaves of 1440 x 900
export const kPhone = { width: 390, height: 844 };

const kWithinMs = 90_000; // only what hangs meets it

export async function launch() {
  if (!existsSync(program)) throw new Error(`${program} is not there: scripts/test.sh installs it, CHROMIUM names another`);
  // Chromium's own sandbox isn't for root, as which CI runs.
  return chromium.launch({ executablePath: program, args: process.getuid() === 0 ? ['--no-sandbox'] : [] });
}

const open = new Set();
// A test that fails leaves its tab open: what stood there says why.
afterEach(async () => {
  for (const tab of open) {
    console.error(`${tab.page.url()} shows:\n${await tab.page.locator('body').innerText({ timeout: 1000 }).catch(String)}`);
    console.error('faults:', tab.faults, 'under way:', [...tab.underWay]);
    await tab.context.close();
  }
  open.clear();
});

// A page that notes what no page of ours may do: errors, and requests to anybody else.
export class Tab {
  faults = [];
  sent = []; // method and path of each request
  underWay = new Set(); // of those

  static async open(browser, origin, { theme = 'light', size = kLaptop } = {}) {
    const tab = new Tab();
    tab.origin = origin;
    tab.context = await browser.newContext({ colorScheme: theme, viewport: size, reducedMotion: 'reduce' });
    tab.context.setDefaultTimeout(kWithinMs);
    tab.page = await tab.context.newPage();
    tab.page.on('console', (message) => ['error', 'warning'].includes(message.type()) && tab.faults.push(message.text()));
    tab.page.on('pageerror', (error) => tab.faults.push(error.stack));
    tab.page.on('request', (request) => {
      const { origin: to, pathname, protocol } = new URL(request.url());
      if (protocol !== 'data:' && to !== origin) tab.faults.push(`a request to ${request.url()}`);
      tab.sent.push(`${request.method()} ${pathname}`);
    });
    tab.page.on('request', (request) => tab.underWay.add(request.url()));
    for (const end of ['requestfinished', 'requestfailed']) tab.page.on(end, (request) => tab.underWay.delete(request.url()));
    open.add(tab);
    return tab;
  }

  // To a page of the dashboard, by its name in the menu.
  async go(name) {
    await this.page.goto(`${this.origin}/#/${name}`);
    await this.page.getByText('live', { exact: true }).waitFor();
  }

  // No rule of axe is broken, and nothing sticks out at the side.
  async looksRight(what) {
    await this.page.evaluate(axe); // by the debugger: the page's own policy keeps it out
    const { violations } = await this.page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join('\n')}`);
    assert.deepEqual(told, [], what);
    const beyond = await this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(beyond, 0, `${what}: wider than the window by ${beyond}`);
  }

  // For people to look at: with WEIR_SCREENSHOTS=FOLDER.
  async picture(name) {
    const folder = process.env.WEIR_SCREENSHOTS;
    if (!folder) return;
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
  }

  async close({ faults = [] } = {}) {
    open.delete(this);
    await this.context.close();
    const left = this.faults.filter((fault) => !faults.some((expected) => expected.test(fault)));
    assert.deepEqual(left, []);
  }
}
