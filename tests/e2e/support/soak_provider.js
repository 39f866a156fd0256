// A provider for many requests, in a process of its own: a raw listener that serves well or does one of the things that
// providers do wrong, as its argument says: {"faulty": 0.3, "seed": 1}. It counts the requests that arrived whole, and those
// that weir needn't count: what was refused, and what was hung up on without a byte and may have been sent once more.
//
// On any message it hangs up all that are idle and tells its counts.
import net from 'node:net';
import { chunk, completion, event } from './provider.js';
import { dice } from './dice.js';

const { faulty, seed } = JSON.parse(process.argv[2]);
const random = dice(seed);
const kSlowMs = 20;

const text = JSON.stringify(completion('done'));
const plain = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
const streamHead = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const framed = (bytes) => `${bytes.length.toString(16)}\r\n${bytes}\r\n`;
const pieces = [event(chunk({ role: 'assistant', content: 'do' })), event(chunk({ content: 'ne' })), event(chunk({}, 'stop')) + event('[DONE]')];

let arrived = 0;
let uncounted = 0;
function hangUp(socket, how) {
  ++uncounted;
  how.call(socket);
}
function refuse(socket, status) {
  ++uncounted;
  socket.write(`HTTP/1.1 ${status} No\r\ncontent-length: 2\r\n\r\n{}`);
}

const faults = [
  (socket) => hangUp(socket, socket.resetAndDestroy),
  (socket) => hangUp(socket, socket.end),
  (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"choices":['),
  (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n\r\n'),
  (socket) => refuse(socket, 500),
  (socket) => refuse(socket, 408),
  (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n<html>It works!'),
  (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}'),
  (socket) => {
    socket.write(streamHead + framed(pieces[0]));
    setTimeout(() => socket.resetAndDestroy(), kSlowMs);
  },
  (socket) => socket.end(streamHead + framed(pieces[0]) + 'zz\r\n'),
];

function serve(socket, isStream) {
  if (random() < faulty) return faults[Math.floor(random() * faults.length)](socket);
  const isSlow = random() < 0.2;
  if (!isStream) return isSlow ? setTimeout(() => socket.write(plain), kSlowMs) : socket.write(plain);
  const rest = framed(pieces[1]) + framed(pieces[2]) + '0\r\n\r\n';
  if (!isSlow) return socket.write(streamHead + framed(pieces[0]) + rest);
  socket.write(streamHead + framed(pieces[0]));
  setTimeout(() => socket.write(rest), kSlowMs);
}

const sockets = new Set();
const server = net.createServer((socket) => {
  sockets.add(socket);
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('close', () => sockets.delete(socket));
  let seen = '';
  socket.on('data', (bytes) => {
    seen += bytes.toString('latin1');
    const end = seen.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(seen)[1]);
    if (seen.length < end + 4 + length) return;
    ++arrived;
    const isStream = seen.includes('"stream":true');
    seen = '';
    serve(socket, isStream);
  });
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));

process.on('message', () => {
  for (const socket of sockets) socket.end();
  process.send({ arrived, uncounted });
});
process.on('disconnect', () => process.exit());
