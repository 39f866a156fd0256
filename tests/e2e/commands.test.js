// The commands that end by themselves: check, version, healthcheck, and the exit codes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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

test('check --print-effective: problems stand beside what programs read', async () => {
  const { code, stdout, stderr } = await check('', '--print-effective');
  assert.equal(code, 0);
  assert.match(stdout, /^[a-z]+:/);
  assert.doesNotMatch(stdout, /warning/);
  assert.match(stderr, /no provider can be used/);
  const json = await check('', '--print-effective', '--format', 'json');
  assert.equal(json.stdout, stdout);
  assert.equal(JSON.parse(json.stderr).length ?? JSON.parse(json.stderr).problems.length, 1);
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

test('wrong usage is named: a misspelt command, a value that makes no sense', async () => {
  const wrong = async (...args) => {
    const { code, stdout, stderr } = await run(args);
    assert.equal(code, 2, args.join(' '));
    return stdout + stderr;
  };
  assert.match(await wrong('serv'), /^error: there is no command "serv"; did you mean "serve"\?$/m);
  assert.match(await wrong('quota', 'shwo'), /there is no command "shwo"; did you mean "show"\?/);
  assert.match(await wrong('frobnicate'), /there is no command "frobnicate"$/m);
  assert.match(await wrong('quota'), /subcommand is required/);
  assert.match(await wrong('explain', '-m', 'x', '--priority', 'foo'), /--priority: foo not in \{/);
  for (const tokens of ['-1', '1.5', '99999999999999999999999'])
    assert.match(await wrong('explain', '-m', 'x', '--tokens', tokens), /--tokens: expected a count/);
  assert.match(await wrong('status', '--url', 'foo'), /--url: not a daemon's address: foo/);
  assert.match(await wrong('check', '--config', ''), /--config: expected a name, got nothing/);
  assert.match(await wrong('serve', '--log-level', '1'), /--log-level: 1 not in \{debug,info,warn,error,off\}/);
});

test('variables are read by the commands whose options they stand for, and named where they are wrong', async () => {
  const env = { WEIR_LOG_LEVEL: 'loud' };
  assert.equal((await run(['version'], { env })).code, 0);
  assert.equal((await run(['check'], { env })).code, 0);
  const { code, stderr } = await run(['serve'], { env });
  assert.equal(code, 2);
  assert.match(stderr, /--log-level: loud not in \{/);
  const off = await run(['serve', '--config', '/nonexistent.yaml'], { env: { WEIR_LOG_LEVEL: 'off' } });
  assert.equal(off.code, 78);
  const named = await run(['check'], { env: { WEIR_CONFIG: '/nonexistent.yaml' } });
  assert.match(named.stderr, /that WEIR_CONFIG names/);
  const listen = await run(['check'], { env: { WEIR_LISTEN: 'foo' } });
  assert.match(listen.stderr, /^WEIR_LISTEN: error: expected an address/m);
  for (const command of ['serve', 'demo']) assert.doesNotMatch((await run([command, '--help'])).stdout, /[^\n\x20-\x7e]/);
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

test('init: writes a file for the keys that are set, which check takes, and never over another', async () => {
  const place = scratch();
  const env = { GROQ_API_KEY: 'sk-planted-0123456789', GEMINI_API_KEY: 'sk-planted-9876543210' };
  const { code, stdout } = await run(['init'], { cwd: place.folder, env });
  assert.equal(code, 0);
  assert.match(stdout, /^weir\.yaml is written, with 2 providers whose key is set$/m);
  const text = readFileSync(place.file('weir.yaml'), 'utf8');
  assert.match(text, /^ {2}groq: \{\} +# key: GROQ_API_KEY$/m);
  assert.match(text, /^ {2}#mistral: \{\} +# set MISTRAL_API_KEY$/m);
  assert.doesNotMatch(text, /planted/);
  const checked = await run(['check'], { cwd: place.folder, env });
  assert.equal(checked.code, 0, checked.stderr);
  assert.match(checked.stdout, /fine, 2 providers/);
  const again = await run(['init'], { cwd: place.folder });
  assert.equal(again.code, 1);
  assert.match(again.stderr, /weir\.yaml is there already/);
  assert.equal(readFileSync(place.file('weir.yaml'), 'utf8'), text);
  place.remove();
});

test('init: without any key the file is right too, and says what to do', async () => {
  const place = scratch();
  const { code, stdout } = await run(['init', 'other.yaml'], { cwd: place.folder });
  assert.equal(code, 0);
  assert.match(stdout, /set a key such as GROQ_API_KEY/);
  assert.equal((await run(['check', '--config', 'other.yaml'], { cwd: place.folder })).code, 0);
  place.remove();
});

test('presets: list names all and whose key is set, show one with its limits', async () => {
  const { stdout } = await run(['presets', 'list'], { env: { GROQ_API_KEY: 'x' } });
  assert.match(stdout, /^groq +\d+ models, +\d+ free +GROQ_API_KEY.*\(set\)$/m);
  assert.match(stdout, /^mistral .*MISTRAL_API_KEY$/m);
  const place = scratch({ '.env': 'MISTRAL_API_KEY=x\n' });
  assert.match((await run(['presets', 'list'], { cwd: place.folder })).stdout, /^mistral .*MISTRAL_API_KEY \(set\)$/m);
  assert.match((await run(['presets', 'show', 'mistral'], { cwd: place.folder })).stdout, /MISTRAL_API_KEY \(set\)$/m);
  assert.match((await run(['init'], { cwd: place.folder })).stdout, /with 1 provider whose key is set/);
  place.remove();
  const elsewhere = scratch({ keys: 'MISTRAL_API_KEY=x\nGROQ_API_KEY=y\n' });
  const named = { cwd: elsewhere.folder, env: { WEIR_ENV_FILE: elsewhere.file('keys') } };
  assert.match((await run(['presets', 'list'], named)).stdout, /^groq .*\(set\)$/m);
  assert.match((await run(['init'], named)).stdout, /with 2 providers whose key is set/);
  const gone = await run(['init', 'b.yaml', '--env-file', 'gone'], { cwd: elsewhere.folder });
  assert.equal(gone.code, 2);
  assert.match(gone.stderr, /gone/);
  elsewhere.remove();
  const shown = await run(['presets', 'show', 'groq']);
  assert.match(shown.stdout, /base_url: https:\/\/api\.groq\.com/);
  assert.match(shown.stdout, /openai\/gpt-oss-120b: free, .*rpm 30 \(.*as of \d{4}-\d\d-\d\d\)/);
  const none = await run(['presets', 'show', 'grok']);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /no preset "grok"/);
});

test('completion: the scripts are right and know every command that help knows', async () => {
  const help = (await run(['--help'])).stdout;
  const commands = [...help.slice(help.indexOf('Subcommands:')).matchAll(/^ {2}(\w+) /gm)].map((match) => match[1]);
  assert.ok(commands.length > 10);
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await run(['completion', shell]);
    assert.equal(code, 0);
    for (const command of commands) assert.match(stdout, new RegExp(`\\b${command}\\b`), shell);
    assert.match(stdout, /state-dir/);
  }
  assert.equal((await run(['completion', 'tcsh'])).code, 2);
  // Bash itself, typing `weir quota s` and `weir status --w`.
  const script = (await run(['completion', 'bash'])).stdout;
  const complete = (words) =>
    spawnSync('bash', ['-c', `${script}\nCOMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _weir; echo "\${COMPREPLY[*]}"`], { encoding: 'utf8' });
  assert.equal(complete('weir quota s').stdout, 'show set\n');
  assert.equal(complete('weir status --w').stdout, '--watch\n');
  assert.equal(complete('weir hea').stdout, 'healthcheck\n');
});

// Where zsh isn't there its script can't be tried.
const hasZsh = spawnSync('zsh', ['--version']).status === 0;
test('completion: zsh takes its script, sourced or loaded from a folder', { skip: !hasZsh && 'zsh is not installed' }, async () => {
  const script = (await run(['completion', 'zsh'])).stdout;
  const place = scratch({ _weir: script });
  // What zsh's own completion would be given.
  const given = '_describe() { shift $(( $# - 1 )); print -rl -- "${(P@)1}" }; _files() { print files }; compdef() { :; }; ';
  const complete = (load, ...words) => {
    const line = `words=(${words.join(' ')}); CURRENT=$#words; PREFIX=$words[-1]; _weir`;
    const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', `${given}${load}; ${line}`], { encoding: 'utf8', cwd: place.folder });
    assert.equal(stderr, '');
    return stdout.split('\n').filter((word) => word !== '').map((word) => word.split(':')[0]);
  };
  for (const load of ['. ./_weir', 'fpath=($PWD $fpath); autoload -U _weir']) {
    assert.ok(complete(load, 'weir', 'hea').includes('healthcheck'));
    assert.deepEqual(complete(load, 'weir', 'quota', 's'), ['show', 'set', 'forget']);
    assert.ok(complete(load, 'weir', 'status', '--w').includes('--watch'));
    assert.deepEqual(complete(load, 'weir', 'diagnose', 'x'), ['files']);
  }
  place.remove();
});

test('manual: the man page has every command and its options', async () => {
  const { stdout } = await run(['manual']);
  assert.match(stdout, /^\.TH WEIR 1 /);
  assert.match(stdout, /^\.SS weir quota set$/m);
  assert.match(stdout, /^\.B \\-\\-print\\-effective$/m);
  assert.match(stdout, /^Environment: WEIR_LOG_LEVEL\.$/m);
  for (const line of stdout.split('\n')) assert.doesNotMatch(line, /^'|^\.(?!TH|SH|SS|TP|B|I)/);
});

test('status: a table with a bar a window, and what the daemon says with --json', async (t) => {
  const provider = await FakeProvider.start(answers('hello'));
  t.after(() => provider.stop());
  const weir = await Weir.serve(yaml({ local: provider }, { limits: { local: '{rpd: 4}' } }));
  t.after(() => weir.kill());
  await weir.sdk().chat.completions.create({ model: 'smart', messages: [{ role: 'user', content: 'hi' }] });
  const { code, stdout } = await run(['status', '--state-dir', weir.stateDir]);
  assert.equal(code, 0);
  assert.match(stdout, /^the one provider is ready$/m);
  assert.match(stdout, /^1 requests in \S+: 1 ok, 0 failed, 0 cancelled; 0 under way, 0 waiting$/m);
  assert.match(stdout, /^local \(key main\): ready$/m);
  assert.match(stdout, /^ +rpd +\[#####\.{15}\] +3 of 4 left +back in .* config$/m);
  const json = await run(['status', '--json', '--state-dir', weir.stateDir]);
  assert.equal(JSON.parse(json.stdout).cards.length, 1);
  assert.match(stdout, /^prompt tokens as each model counts them, from our estimate\n {2}local\/m {2}x \d\.\d\d [+-] \d+, give or take \d+ %, from 1 answer$/m);
  const none = await run(['status', '--state-dir', '/nowhere']);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /is weir serve running\?/);
});

test('doctor: says of each key whether it is good, by free calls alone, and what else is wrong', async (t) => {
  const list = (authorized) => (request, response) => {
    const good = authorized(request.headers.authorization);
    response.writeHead(good ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(good ? { data: [{ id: 'a' }, { id: 'b' }] } : { error: { message: 'Invalid API key sk-planted-0123456789' } }));
  };
  const accepts = await FakeProvider.start(list((key) => key === 'Bearer sk-planted-0123456789'));
  const refuses = await FakeProvider.start(list(() => false));
  const open = await FakeProvider.start(list(() => true));
  for (const provider of [accepts, refuses, open]) t.after(() => provider.stop());
  const keys = { accepts: 'sk-planted-0123456789', refuses: 'sk-planted-0123456789', open: 'sk-planted-0123456789' };
  const place = scratch({ 'weir.yaml': yaml({ accepts, refuses, open, nowhere: { baseUrl: 'http://127.0.0.1:9/v1' } }, { keys }) });
  t.after(() => place.remove());
  const { code, stdout, stderr } = await run(['doctor', '--config', 'weir.yaml', '--state-dir', 'state'], { cwd: place.folder });
  assert.equal(code, 1, stderr);
  assert.match(stdout, /^ok +accepts \(key \w+\): the key is accepted, 2 models listed \(GET \/models, free, \S+, twice\)$/m);
  assert.match(stdout, /^BAD +refuses \(key \w+\): the key is refused: Invalid API key \*\*\* \(GET \/models, free/m);
  assert.match(stdout, /^note +open \(key \w+\): 2 models listed, but to anybody/m);
  assert.match(stdout, /^BAD +nowhere \(key \w+\): nothing can be reached at 127\.0\.0\.1:9/m);
  assert.match(stdout, /^ok +clock: /m);
  assert.match(stdout, /^ok +state directory state: isn't there yet, and can be made$/m);
  assert.match(stdout, /^ok +port 0: free/m);
  assert.match(stdout, /^2 things are wrong$/m);
  assert.doesNotMatch(stdout + stderr, /planted/);
  for (const provider of [accepts, refuses, open])
    for (const request of provider.requests) assert.equal(`${request.method} ${request.path}`, 'GET /v1/models');
});

test('doctor: finds what serve would refuse or lose counts by, and check finds a broken certificate', async (t) => {
  const place = scratch({ 'broken.pem': 'no certificate' });
  t.after(() => place.remove());
  const doctor = async (config, ...options) => {
    writeFileSync(place.file('weir.yaml'), config);
    return run(['doctor', '--config', 'weir.yaml', ...options], { cwd: place.folder });
  };
  mkdirSync(place.file('open'));
  chmodSync(place.file('open'), 0o777);
  writeFileSync(place.file('open/somebodys.txt'), 'x');
  const open = await doctor('server: {listen: "127.0.0.1:0"}\n', '--state-dir', 'open');
  assert.match(open.stdout, /^BAD +state directory open: .*other users may write in it/m);
  const nowhere = await doctor('server: {listen: "127.0.0.1:0"}\nstate: {path: nowhere/weir.db}\n', '--state-dir', 'state');
  assert.match(nowhere.stdout, /^BAD +database .*nowhere\/weir\.db: its directory can't be written in/m);
  const tls = 'server: {listen: "127.0.0.1:0", tls: {cert_file: broken.pem, key_file: broken.pem}}\n';
  assert.match((await doctor(tls, '--state-dir', 'state')).stdout, /^BAD +server\.tls: cannot read the certificate broken\.pem/m);
  const checked = await run(['check', '--config', 'weir.yaml'], { cwd: place.folder });
  assert.equal(checked.code, 78);
  assert.match(checked.stderr, /^weir\.yaml: error: server\.tls: cannot read the certificate/m);

  const taken = await FakeProvider.start(answers('x'));
  t.after(() => taken.stop());
  const port = new URL(taken.baseUrl).port;
  const ended = spawnSync('true').pid;
  mkdirSync(place.file('state'));
  writeFileSync(place.file('state/daemon.json'), JSON.stringify({ url: `http://127.0.0.1:${port}`, pid: ended }));
  const stale = await doctor(`server: {listen: "127.0.0.1:${port}"}\n`, '--state-dir', 'state');
  assert.match(stale.stdout, new RegExp(`^BAD +port ${port}: 127\\.0\\.0\\.1: Address already in use`, 'm'));
});

test('what is no file is said to be none', async () => {
  for (const args of [['tokens', '-m', 'x', '/'], ['explain', '--request', '/'], ['diagnose', '--provider', 'groq', '/']]) {
    const { code, stderr } = await run(args);
    assert.equal(code, 1);
    assert.equal(stderr, 'error: / is a directory\n');
  }
});

// Where openssl isn't there no certificate can be made.
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
test('a daemon with TLS is found and known by its certificate, a renewed one too', { skip: !hasOpenssl && 'openssl is not installed' }, async (t) => {
  const place = scratch();
  const renew = () => {
    const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=elsewhere.test', '-keyout', 'key.pem', '-out', 'cert.pem'], { cwd: place.folder });
    assert.equal(made.status, 0, String(made.stderr));
  };
  renew();
  writeFileSync(place.file('weir.yaml'), `server: {listen: "127.0.0.1:0", tls: {cert_file: cert.pem, key_file: key.pem}}\n${good}`);
  const weir = await Weir.launch(place).untilReady();
  t.after(() => weir.kill());
  const status = () => run(['status', '--state-dir', weir.stateDir]);
  const first = await status();
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^local \(key main\)/m);
  // Somebody who is only said to be a weir is looked at as any server.
  const stranger = await run(['status', '--url', weir.origin]);
  assert.equal(stranger.code, 1);
  assert.match(stranger.stderr, /certificate/);
  renew();
  weir.signal('SIGHUP');
  await weir.until(() => /"reloaded"/.test(weir.stderr), 'the reload');
  const renewed = await status();
  assert.equal(renewed.code, 0, renewed.stderr);
});
