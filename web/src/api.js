// The admin API over fetch: EventSource can't send the header that carries the admin key.
import { eventParser } from './store.js';

const kKey = 'weir.adminKey'; // of this tab, and gone with it

export const adminKey = () => sessionStorage.getItem(kKey) ?? '';
export const keepAdminKey = (key) => sessionStorage.setItem(kKey, key);
export const forgetAdminKey = () => sessionStorage.removeItem(kKey);

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

function headers(more) {
  const key = adminKey();
  return { ...(key && { authorization: `Bearer ${key}` }), ...more };
}

async function failure(response) {
  const text = await response.text();
  let message = `weir answered ${response.status}`;
  try {
    message = JSON.parse(text).error.message;
  } catch {
    // Somebody between us and weir answers for it; the status says what there is to say.
  }
  return new ApiError(response.status, message);
}

export async function ask(method, path, body) {
  const response = await fetch(`/admin/v1/${path}`, {
    method,
    // With or without a body: weir takes orders as JSON only, so that no form can give any.
    headers: headers(method !== 'GET' && { 'content-type': 'application/json' }),
    ...(body !== undefined && { body: JSON.stringify(body) }),
    cache: 'no-store',
  });
  if (!response.ok) throw await failure(response);
  return response.json();
}

// Reads the stream of events until it ends, fails or is aborted. `onAlive`: anything came at all.
export async function listen({ signal, onEvent, onAlive }) {
  const response = await fetch('/admin/v1/events', {
    headers: headers({ accept: 'text/event-stream' }), signal, cache: 'no-store',
  });
  if (!response.ok) throw await failure(response);
  const feed = eventParser((name, data) => onEvent(name, JSON.parse(data)));
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    onAlive();
    feed(decoder.decode(value, { stream: true }));
  }
}

const segment = encodeURIComponent;
export const orders = {
  reload: () => ask('POST', 'reload'),
  drain: () => ask('POST', 'drain'),
  enable: (card, enabled) => ask('PATCH', `keys/${segment(card.provider)}/${segment(card.key)}`, { enabled }),
  endCooldowns: (card) => ask('DELETE', `cooldowns/${segment(card.provider)}/${segment(card.key)}`),
};
