// weir simulate: a configuration against pretend providers, in virtual time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run, scratch } from './support/weir.js';

const limited = 'providers:\n  local:\n    preset: openai_compatible\n    base_url: http://127.0.0.1:9/v1\n    api_key: none\n    limits: {rpm: 60}\n    models: {m: {}}\n';

async function simulate(config, ...options) {
  const place = scratch({ 'weir.yaml': config });
  try {
    return await run(['simulate', '--config', 'weir.yaml', ...options], { cwd: place.folder });
  } finally {
    place.remove();
  }
}

test('simulate: far more than the limits take is served up to the limits, and hardly ever refused', async () => {
  const { code, stdout, stderr } = await simulate(limited, '--load', '3', '--for', '2h', '--deadline', '8s', '--json');
  assert.equal(code, 0, stderr);
  const report = JSON.parse(stdout);
  assert.equal(report.model, 'auto');
  assert.equal(report.served + report.turned_away + report.lost, report.requests);
  assert.ok(report.all.refused * 1000 < report.all.sent, stdout);
  assert.ok(report.providers.local.share_used >= 0.97, stdout);
});

test('simulate: the same seed gives the same report, for people too', async () => {
  const first = await simulate(limited, '--rate', '50/min', '--for', '1h', '--seed', '7');
  const second = await simulate(limited, '--rate', '50/min', '--for', '1h', '--seed', '7');
  assert.equal(first.code, 0, first.stderr);
  assert.equal(first.stdout, second.stdout);
  for (const word of ['served', 'turned away', 'refused', 'waited', 'used', 'wasted', 'local'])
    assert.ok(first.stdout.includes(word), first.stdout);
});

test('simulate: says what is wrong, with the exit code of its kind', async () => {
  const cases = [
    [['--rate', '60'], 2, /--rate/],
    [['--for', 'ever'], 2, /--for/],
    [['--load', '0'], 2, /--load/],
    [['--load', '2', '--rate', '60/min'], 2, /--load|--rate/],
    [['-m', 'local/n'], 2, /did you mean "local\/m"/],
  ];
  for (const [options, expected, message] of cases) {
    const { code, stdout, stderr } = await simulate(limited, ...options);
    assert.equal(code, expected, options.join(' '));
    assert.match(stderr, message);
    assert.equal(stdout, '');
  }
  const unlimited = await simulate(limited.replace('{rpm: 60}', '{}'));
  assert.equal(unlimited.code, 2);
  assert.match(unlimited.stderr, /no limits/);
  assert.equal((await simulate('providers: 3\n')).code, 78);
});
