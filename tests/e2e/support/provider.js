import http from 'node:http';
import { once } from 'node:events';

const kPortTakenMs = 20;

// A provider that does what the test says: an HTTP server on a free loopback port that plays one script a request.
//
// A script is a function of the recorded request and its response. The request records what weir sent and knows when
// weir hung up.
export class FakeProvider {
  static async start(...scripts) {
    const provider = new FakeProvider(scripts);
    await provider.#listen(0);
    return provider;
  }

  requests = [];
  #scripts;
  #server = http.createServer((request, response) => this.#serve(request, response));
  #port;
  #sockets = new Set();

  constructor(scripts) {
    this.#scripts = scripts;
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  get baseUrl() {
    return `http://127.0.0.1:${this.#port}/v1`;
  }

  // What comes next; the last script goes on for ever.
  play(...scripts) {
    this.#scripts = scripts;
  }

  async stop() {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  // Nobody is there any more, and what was under way is reset.
  async crash() {
    this.#server.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await once(this.#server, 'close');
  }

  // It is there again, at the same port; somebody may hold that for a moment.
  async restart() {
    for (;;) {
      try {
        return await this.#listen(this.#port);
      } catch (error) {
        if (error.code !== 'EADDRINUSE') throw error;
        await new Promise((resolve) => setTimeout(resolve, kPortTakenMs));
      }
    }
  }

  async #listen(port) {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = this.#server.address().port;
  }

  async #serve(request, response) {
    let body = '';
    try {
      for await (const piece of request) body += piece;
    } catch {
      return; // half a request: it never arrived
    }
    const hungUp = new Promise((resolve) => response.once('close', () => resolve(!response.writableFinished)));
    const json = body === '' ? undefined : JSON.parse(body);
    const record = { method: request.method, path: request.url, headers: request.headers, text: body, json, hungUp };
    const script = this.#scripts.length > 1 ? this.#scripts.shift() : this.#scripts[0];
    this.requests.push(record);
    await script(record, response);
  }
}

// A promise that the test keeps when it likes.
export function gate() {
  let open;
  const opened = new Promise((resolve) => (open = resolve));
  return { open, opened };
}

export function completion(text, extra = {}) {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1764000000,
    model: 'upstream-name',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
    ...extra,
  };
}

export function chunk(delta, finishReason = null) {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1764000000,
    model: 'upstream-name',
    choices: [{ index: 0, delta, finish_reason: finishReason }],
  };
}

export const usageChunk = {
  ...chunk({}),
  choices: [],
  usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
};

export function event(value) {
  return `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`;
}

// Scripts.

export function answers(text, headers = {}) {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(completion(text)));
  };
}

// A plain answer just so.
export function says(body) {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
}

// These events, then [DONE].
export function sends(...events) {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const one of events) response.write(event(one));
    response.end(event('[DONE]'));
  };
}

export function refuses(status, error, headers = {}) {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ error }));
  };
}

export function streams(...words) {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(event(chunk({ role: 'assistant', content: '' })));
    for (const word of words) response.write(event(chunk({ content: word })));
    response.write(event(chunk({}, 'stop')));
    response.write(event(usageChunk));
    response.end(event('[DONE]'));
  };
}

// Sends one word at each turn of its gate, so that the test sees what arrives when.
export function streamsStepwise(words, gates) {
  return async (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let i = 0; i < words.length; ++i) {
      await gates[i].opened;
      response.write(event(chunk({ content: words[i] })));
    }
    response.end(event(chunk({}, 'stop')) + event('[DONE]'));
  };
}

export function hangs() {
  return () => {};
}
