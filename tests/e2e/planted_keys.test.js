// Keys are planted with the daemon, its clients and its operator, and a provider quotes what it was sent wherever it can.
// None of them may turn up, whole or in part, in anything that leaves the daemon. What is no error passes unsearched:
// docs/decisions.md, "Good answers pass with a key in them".
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { FakeProvider, answers, chunk, completion, event } from './support/provider.js';
import { Weir, hello, run, yaml } from './support/weir.js';

const planted = {
  upstream: 'gsk-7Xq2Lw9Rf4Zt8Bn1Vc6Hm3Kd5',
  client: 'sk-cl-Pq8Wn3Ty6Ub1Xs9Er4Jg7Ma2',
  wrongClient: 'sk-wr-Fd5Hk2Ls8Qz3Vb7Nm1Xc6Ty9',
  admin: 'ad-Zx4Cv8Bn2Ml6Kj1Hg5Fd9Sa3Qw7',
  proxyPassword: 'pw-Ui3Op7As1Df5Gh9Jk2Lz6Xc8',
};
const short = 'k7q';
const kPart = 8; // so much of a key is a part of it
const kCut = 500; // characters of a provider's words that pass

let provider;
let proxy;
let weir;
const said = []; // everything that left the daemon over HTTP, with what led to it

// Says no to each CONNECT, with the login it was shown.
async function startProxy() {
  const server = http.createServer();
  server.on('connect', (request, socket) => {
    const login = request.headers['proxy-authorization'];
    const plain = Buffer.from(login.replace('Basic ', ''), 'base64').toString();
    socket.end(`HTTP/1.1 502 ${login}\r\nx-login: ${plain}\r\ncontent-type: text/plain\r\n\r\nno tunnel for ${plain} (${login})`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

before(async () => {
  provider = await FakeProvider.start(answers('fine'));
  proxy = await startProxy();
  const more = [
    `auth: {keys: [{name: laptop, key: ${planted.client}}]}`,
    `admin: {key: ${planted.admin}}`,
    'log: {level: debug, file: weir.log}',
  ].join('\n');
  const config = yaml(
    { first: provider, brief: provider, tunnel: provider },
    { keys: { first: planted.upstream, brief: short }, routing: 'breaker: {failures: 1000}', more },
  );
  const login = `http://weir:${planted.proxyPassword}@127.0.0.1:${proxy.address().port}`;
  weir = await Weir.serve(config.replace('  tunnel:\n', `  tunnel:\n    proxy: "${login}"\n`));
});
after(async () => {
  await weir.stop();
  await provider.stop();
  proxy.close();
});

// What came back, to the byte but for the framing.
async function send(what, { method = 'POST', target, key, body, headers = {} }) {
  const request = http.request(weir.origin + target, {
    method,
    headers: { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }), ...headers },
  });
  request.end(typeof body === 'string' ? body : body && JSON.stringify(body));
  const [response] = await once(request, 'response');
  let text = `${response.statusCode} ${response.statusMessage}\n${response.rawHeaders.join('\n')}\n\n`;
  for await (const piece of response) text += piece;
  said.push({ what, text });
  return text;
}

const admin = (what, method, target, body) => send(what, { method, target: `/admin/v1${target}`, key: planted.admin, body });

// Asks one provider once, and lets it be asked again whatever it said.
async function ask(what, script, { model = 'first/m', stream = false } = {}) {
  provider.play(script);
  const before = provider.requests.length;
  const text = await send(what, { target: '/v1/chat/completions', key: planted.client, body: { ...hello, model, stream } });
  if (!model.startsWith('tunnel')) assert.ok(provider.requests.length > before, `${what}: the provider wasn't asked\n${text}`);
  await admin(what, 'DELETE', `/cooldowns/${model.split('/')[0]}/*`);
  await admin(what, 'DELETE', `/quota/${model.split('/')[0]}/*/*`);
  return text;
}

function partsOf(key) {
  return Array.from({ length: key.length - kPart + 1 }, (_, i) => key.slice(i, i + kPart));
}

function assertClean(text, where) {
  for (const [name, key] of Object.entries(planted))
    for (const form of [key, Buffer.from(`weir:${key}`).toString('base64')])
      for (const part of partsOf(form))
        assert.ok(!text.includes(part), `${name} key in ${where}: ...${text.slice(Math.max(0, text.indexOf(part) - 80)).slice(0, 160)}`);
}

const sent = (request) => request.headers.authorization.replace('Bearer ', '');

// The key in all the fields that are read, and in those that aren't.
function quotingHeaders(key) {
  return {
    'x-error-message': `key ${key} is out of quota`,
    'x-request-id': key,
    'x-ratelimit-limit-requests': key,
    'x-ratelimit-remaining-requests': `0;${key}`,
    'x-ratelimit-reset-requests': key,
    'retry-after-ms': key,
    'www-authenticate': `Bearer realm="${key}"`,
    'set-cookie': `key=${key}`,
    server: key,
    'content-type': `application/json; key=${key}`,
  };
}

function quotes(status, body, headers = {}) {
  return (request, response) => {
    const key = sent(request);
    response.writeHead(status, `No ${key}`, { ...quotingHeaders(key), ...headers });
    response.end(body(key));
  };
}

const shapes = {
  object: (key) => JSON.stringify({ error: { message: `Incorrect key: ${key}.`, type: key, code: key, param: key } }),
  nested: (key) => JSON.stringify({ error: { message: JSON.stringify({ error: { message: `bad ${key}` } }), metadata: { raw: key } } }),
  list: (key) => JSON.stringify({ detail: [{ loc: ['header', key], msg: `"${key}" is not known` }] }),
  escaped: (key) => `{"error":{"message":"${[...key].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join('')}"}}`,
  text: (key) => `no access for ${key}`,
  page: (key) => `<html><title>Key ${key}</title></html>`,
};

test('in errors of every status and shape', async () => {
  for (const status of [400, 401, 402, 403, 404, 408, 413, 422, 429, 500, 502, 503, 529])
    for (const [shape, body] of Object.entries(shapes)) await ask(`${status} ${shape}`, quotes(status, body));
  const text = await ask('400', quotes(400, shapes.object));
  assert.match(text, /Incorrect key: \*\*\*\./); // the words pass, the key doesn't
});

test('across the cut of long messages', async () => {
  for (let before = kCut - planted.upstream.length - 2; before <= kCut; before += 3) {
    const body = (key) => JSON.stringify({ error: { message: 'x'.repeat(before - 1) + ' ' + key + ' and so on '.repeat(9) } });
    await ask(`400 with the key at ${before}`, quotes(400, body));
    await ask(`404 with the key at ${before}`, quotes(404, body)); // these words go to the log
    await ask(`a stream's first event with the key at ${before}`, streamThatBreaks([], body), { stream: true });
    await ask(`a stream's last event with the key at ${before}`, streamThatBreaks(['one'], body), { stream: true });
  }
});

function streamThatBreaks(words, body) {
  return (request, response) => {
    response.writeHead(200, { ...quotingHeaders(sent(request)), 'content-type': `text/event-stream; key=${sent(request)}` });
    for (const word of words) response.write(event(chunk({ content: word })));
    response.end(event(body(sent(request))));
  };
}

test('in streams that break, answers that are none, and redirects', async () => {
  const { object, nested, escaped } = shapes; // an event without an error is content
  for (const [shape, body] of Object.entries({ object, nested, escaped }))
    for (const words of [[], ['one']])
      await ask(`${shape} behind ${words.length} words`, streamThatBreaks(words, body), { stream: true });
  await ask('an error in a 200', quotes(200, shapes.object));
  await ask('no answer in a 200', quotes(200, shapes.text));
  await ask('a redirect', quotes(302, shapes.page, { location: 'http://127.0.0.1:1/' + 'x' }));
  await ask('a coded answer', quotes(200, shapes.text, { 'content-encoding': planted.upstream }));
  await ask('a cut answer', (request, response) => {
    response.writeHead(200, { ...quotingHeaders(sent(request)), 'content-length': 9999 });
    response.write(shapes.object(sent(request)), () => response.destroy());
  });
  await ask('a reset', (_, response) => response.destroy());
  const good = await ask('a good answer in a telling head', quotes(200, () => JSON.stringify(completion('fine'))));
  assert.match(good, /^200 .*key=\*\*\*.*fine/s);
});

test('a key of three letters, and the login of a proxy', async () => {
  for (const body of Object.values(shapes)) {
    const text = await ask('a short key', quotes(400, body), { model: 'brief/m' });
    assert.doesNotMatch(text, new RegExp(`\\b${short}\\b`));
  }
  const text = await ask('a proxy that quotes its login', answers('never'), { model: 'tunnel/m' });
  assert.match(text, /^502 /);
});

test('in what is answered without a provider', async () => {
  const clientKeys = [planted.client, planted.wrongClient, planted.admin, undefined];
  for (const key of clientKeys)
    for (const target of ['/v1/models', '/v1/nowhere', '/', `/v1/models?key=${planted.client}`, '/admin/v1/quota', '/admin/v1/nowhere'])
      await send(`GET ${target}`, { method: 'GET', target, key });
  for (const key of clientKeys)
    await send('a chat', { target: '/v1/chat/completions', key, headers: { 'x-api-key': planted.wrongClient }, body: '{"model":' });
  await admin('quota', 'GET', '/quota');
  await admin('explain', 'POST', '/explain', { request: { ...hello, model: 'smart' } });
  await admin('a correction', 'PUT', '/quota/first/*/m', { rpd: 1 });
});

test('in what the commands say, and a reload that fails', async () => {
  const at = { cwd: weir.folder, env: { WEIR_ADMIN_KEY: planted.admin } };
  for (const args of [
    ['check', '--config', 'weir.yaml'],
    ['check', '--config', 'weir.yaml', '--print-effective'],
    ['check', '--config', 'weir.yaml', '--format', 'json'],
    ['quota', 'show', '--state-dir', weir.stateDir],
    ['explain', '-m', 'smart', '--state-dir', weir.stateDir],
  ]) {
    const { code, stdout, stderr } = await run(args, at);
    assert.equal(code, 0, stderr);
    assertClean(stdout + stderr, args.join(' '));
  }
  const good = readFileSync(path.join(weir.folder, 'weir.yaml'), 'utf8');
  weir.configure(good.replace('api_key:', 'apikey:').replace('key: ad-', 'kee: ad-'));
  weir.signal('SIGHUP');
  await weir.until(() => /error/.test(weir.stderr), 'the errors');
  assertClean((await run(['check', '--config', 'weir.yaml'], at)).stderr, 'the errors of check');
});

// Last: it looks at all that the others have led to.
test('none is anywhere', async () => {
  assert.ok(said.length > 300);
  const look = () => {
    for (const name of readdirSync(weir.stateDir)) assertClean(readFileSync(path.join(weir.stateDir, name), 'latin1'), name);
  };
  look();
  weir.signal('SIGTERM');
  await weir.exited;
  look();
  for (const { what, text } of said) assertClean(text, `what was said to ${what}`);
  const logged = readFileSync(path.join(weir.folder, 'weir.log'), 'utf8');
  assert.ok(logged.split('\n').length > said.length / 2);
  assert.match(logged, /\*\*\*/); // somebody tried
  assertClean(logged, 'the log');
  assertClean(weir.stdout + weir.stderr, 'the output');
});
