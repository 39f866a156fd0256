// A provider that counts for itself: a process of its own, so that what the test does never delays it.
//
// Its argument says the period of its windows in milliseconds and what each account may use in any period:
// {"period": 8000, "accounts": {"name": {"requests": 200, "tokens": 20000}}}. Each account has a base URL of its own. A
// request counts its max_tokens and one token of prompt, from its arrival on. One that would exceed a limit is refused
// and reported as a breach.
import http from 'node:http';
import { chunk, completion, event } from './provider.js';

const { period, accounts } = JSON.parse(process.argv[2]);
const kPrompt = 1;
const kFastestMs = 20;
const kSlowestMs = 200;

// Of the whole machine, in milliseconds: the test reads the same one.
const now = () => Number(process.hrtime.bigint()) / 1e6;

// A request arrives when the kernel has it, and is seen when this process gets to run. So it is taken to have come at
// the earliest moment possible: before the event loop looked for arrivals the last time but one. Only what exceeds a
// limit beyond that doubt is a breach; on a busy machine it would be one of the scheduler's, not of weir's.
let looked = [now(), now()];
// A round accepts one connection, and the others wait: none came before a round that found none.
let nobodyWaited = looked[0];
let accepted = false;
function look() {
  looked = [looked[1], now()];
  if (!accepted) nobodyWaited = looked[0];
  accepted = false;
  setTimeout(() => setImmediate(look), 1); // an immediate runs once a round, after the looking
}
look();

class Window {
  #limit;
  #sent = []; // in the order in which they expire; that of seeing them may be another
  #sum = 0;

  constructor(limit) {
    this.#limit = limit;
  }

  over(cost, at) {
    while (this.#sent.length > 0 && this.#sent[0].since + period <= at) this.#sum -= this.#sent.shift().cost;
    return Math.max(0, this.#sum + cost - this.#limit);
  }

  add(cost, since) {
    const before = this.#sent.findLastIndex((one) => one.since <= since);
    this.#sent.splice(before + 1, 0, { cost, since });
    this.#sum += cost;
  }
}

const books = Object.fromEntries(
  Object.entries(accounts).map(([name, limits]) => [
    name,
    { arrivals: [], windows: Object.entries(limits).map(([dimension, limit]) => ({ dimension, window: new Window(limit) })) },
  ]),
);

// Whether the account has room; where it has, it is taken.
function count(account, cost, since) {
  const at = now();
  const { arrivals, windows } = books[account];
  for (const { dimension, window } of windows) {
    const over = window.over(cost[dimension], at);
    if (over === 0) continue;
    process.send({ breach: { account, dimension, over, at } });
    return false;
  }
  for (const { dimension, window } of windows) window.add(cost[dimension], since);
  arrivals.push({ at, doubt: at - since, ...cost });
  return true;
}

function answer(response, json, usage) {
  if (!json.stream) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(completion('done', { usage })));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(event(chunk({ role: 'assistant', content: 'done' })));
  response.end(event(chunk({}, 'stop')) + event({ ...chunk({}), choices: [], usage }) + event('[DONE]'));
}

const server = http.createServer(async (request, response) => {
  const since = Math.min(looked[0], request.socket.acceptedSince ?? Infinity);
  request.socket.acceptedSince = undefined; // it says nothing of the next one
  let body = '';
  try {
    for await (const piece of request) body += piece;
  } catch {
    return; // half a request, from one that was killed: it never arrived
  }
  const json = JSON.parse(body);
  const tokens = kPrompt + json.max_tokens;
  if (!count(request.url.split('/')[1], { requests: 1, tokens }, since)) {
    response.writeHead(429, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: 'too much', type: 'rate_limit', code: null } }));
    return;
  }
  const usage = { prompt_tokens: kPrompt, completion_tokens: json.max_tokens, total_tokens: tokens };
  setTimeout(() => answer(response, json, usage), kFastestMs + Math.random() * (kSlowestMs - kFastestMs));
});
server.on('connection', (socket) => {
  accepted = true;
  socket.acceptedSince = nobodyWaited;
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));

process.on('message', () => process.send({ arrivals: Object.fromEntries(Object.entries(books).map(([name, book]) => [name, book.arrivals])) }));
process.on('disconnect', () => process.exit());
