import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyDelta, applyEvent, applySnapshot, eventParser } from '../src/store.js';

const card = (provider, used) => ({ provider, key: 'main', used });
const base = () =>
  applySnapshot(
    {
      state: 'ready', sentence: 'all well', cards: [card('a', 1), card('b', 2)], live: [], totals: { requests: 1 }, series: { '15m': 1, '24h': 2 },
      requests: [{ id: 'now', state: 'trying' }, { id: 'old', state: 'done' }], events: [{ seq: 1 }, { seq: 2 }],
    },
    100,
  );

test('a snapshot: ended requests, events newest first, the moment of coming on what counts down', () => {
  const state = base();
  assert.deepEqual(state.requests.map((one) => one.id), ['old']);
  assert.deepEqual(state.events.map((one) => one.seq), [2, 1]);
  assert.equal(state.cards[0].received, 100);
});

test('a delta replaces the cards it has in their places, and leaves the rest', () => {
  const state = applyDelta(base(), { as_of: 'x', cards: [card('b', 9)], series: { '15m': 3 } }, 200);
  assert.deepEqual(state.cards.map((one) => [one.provider, one.used, one.received]), [['a', 1, 100], ['b', 9, 200]]);
  assert.deepEqual(state.series, { '15m': 3, '24h': 2 });
  assert.equal(state.sentence, 'all well');
  assert.equal(state.changes, 1);
});

test('after a reload the cards are those of the delta', () => {
  const state = applyDelta(base(), { as_of: 'x', gone: true, cards: [card('c', 0)] }, 200);
  assert.deepEqual(state.cards.map((one) => one.provider), ['c']);
});

test('requests that ended come first, the newest foremost; the list is bounded', () => {
  let state = applyDelta(base(), { as_of: 'x', requests: [{ id: '1' }, { id: '2' }] }, 200);
  assert.deepEqual(state.requests.map((one) => one.id), ['2', '1', 'old']);
  state = applyDelta(state, { as_of: 'x', requests: Array.from({ length: 500 }, (_, i) => ({ id: `n${i}` })) }, 300);
  assert.equal(state.requests.length, 200);
  assert.equal(state.requests[0].id, 'n499');
  for (let seq = 3; seq < 700; ++seq) state = applyEvent(state, { seq });
  assert.equal(state.events.length, 500);
  assert.equal(state.events[0].seq, 699);
});

test('events are read however the bytes are cut', () => {
  const text = ': hello\n\nevent: delta\ndata: {"a":1}\n\nevent: x\r\ndata: 1\r\ndata: 2\r\n\r\n: \n\ndata: last\n\n';
  for (let size = 1; size < text.length; ++size) {
    const seen = [];
    const feed = eventParser((name, data) => seen.push([name, data]));
    for (let at = 0; at < text.length; at += size) feed(text.slice(at, at + size));
    assert.deepEqual(seen, [['delta', '{"a":1}'], ['x', '1\n2'], ['message', 'last']]);
  }
});
