// What the page knows of the daemon, put together from the events of one stream.

const kMostEvents = 500;
const kMostRequests = 200;

const cardKey = (card) => `${card.provider}#${card.key}`;

// Countdowns in what came are from the moment of coming.
const stamped = (list, now) => list.map((one) => ({ ...one, received: now }));

function mergeCards(cards, changed, gone) {
  if (gone) return changed;
  const fresh = new Map(changed.map((card) => [cardKey(card), card]));
  const merged = cards.map((card) => {
    const key = cardKey(card);
    const newer = fresh.get(key);
    fresh.delete(key);
    return newer ?? card;
  });
  return [...merged, ...fresh.values()];
}

// `now` is of a clock that only goes forward, in milliseconds. Both return a new state.
export function applySnapshot(data, now) {
  return {
    ...data,
    cards: stamped(data.cards, now),
    live: stamped(data.live, now),
    requests: data.requests.filter((request) => request.state === 'done').slice(0, kMostRequests),
    events: [...data.events].reverse(),
    changes: 0,
  };
}

export function applyDelta(state, delta, now) {
  const next = { ...state };
  for (const name of ['as_of', 'state', 'sentence', 'store', 'in_flight', 'waiting', 'totals'])
    if (delta[name] !== undefined) next[name] = delta[name];
  if (delta.live) next.live = stamped(delta.live, now);
  if (delta.cards) next.cards = mergeCards(state.cards, stamped(delta.cards, now), delta.gone);
  if (delta.requests) next.requests = [...[...delta.requests].reverse(), ...state.requests].slice(0, kMostRequests);
  if (delta.series) next.series = { ...state.series, ...delta.series };
  // Whoever shows what isn't in the stream reads it again when this moves.
  if (delta.cards || delta.gone) next.changes = state.changes + 1;
  return next;
}

export function applyEvent(state, event) {
  return { ...state, events: [event, ...state.events].slice(0, kMostEvents) };
}

// The parser of server-sent events, fed with pieces of text as they come.
export function eventParser(onEvent) {
  let rest = '';
  let name = '';
  let data = [];
  const take = (line) => {
    if (line === '') {
      if (data.length > 0) onEvent(name || 'message', data.join('\n'));
      name = '';
      data = [];
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') name = value;
    if (field === 'data') data.push(value);
  };
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) take(line.endsWith('\r') ? line.slice(0, -1) : line);
  };
}
