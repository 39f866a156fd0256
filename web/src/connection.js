// Keeps one stream of events open while somebody looks at the page, and none while nobody does.
import { ApiError, listen } from './api.js';
import { applyDelta, applyEvent, applySnapshot } from './store.js';

const kSilentFor = 40_000; // weir says something each 15 s
const kFirstPause = 1000;
const kLongestPause = 15_000;

const ticks = () => performance.now();

// phase: connecting, live, lost, refused (error says why), locked (a key is asked for).
export class Connection {
  #state = { phase: 'connecting', data: null, error: null, seenAt: null, retryAt: null, draining: false };
  #watchers = new Set();
  #stream = null;
  #timer = 0;
  #watchdog = 0;
  #pause = kFirstPause;

  get state() {
    return this.#state;
  }

  watch(look) {
    this.#watchers.add(look);
    return () => this.#watchers.delete(look);
  }

  start() {
    document.addEventListener('visibilitychange', () => (document.hidden ? this.#close() : this.retry()));
    if (!document.hidden) this.retry();
  }

  // At once, whatever was waited for.
  retry() {
    this.#close();
    this.#pause = kFirstPause;
    this.#open();
  }

  #set(change) {
    this.#state = { ...this.#state, ...change };
    for (const look of this.#watchers) look();
  }

  #close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#watchdog);
    this.#stream?.abort();
    this.#stream = null;
  }

  async #open() {
    const stream = new AbortController();
    this.#stream = stream;
    this.#awake(stream);
    try {
      await listen({
        signal: stream.signal,
        onEvent: (name, data) => stream === this.#stream && this.#take(name, data),
        onAlive: () => this.#awake(stream),
      });
      if (stream === this.#stream) this.#lose(null);
    } catch (error) {
      if (stream === this.#stream) this.#lose(error);
    }
  }

  #awake(stream) {
    if (stream !== this.#stream) return;
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => stream.abort(), kSilentFor);
  }

  #take(name, data) {
    const seenAt = Date.now();
    if (name === 'snapshot') {
      this.#pause = kFirstPause;
      this.#set({ phase: 'live', data: applySnapshot(data, ticks()), error: null, seenAt, retryAt: null, draining: data.state === 'draining' });
    } else if (name === 'delta') {
      const next = applyDelta(this.#state.data, data, ticks());
      this.#set({ data: next, seenAt, draining: next.state === 'draining' });
    } else if (name === 'event') {
      this.#set({ data: applyEvent(this.#state.data, data), seenAt });
    } else if (name === 'end') {
      this.#set({ draining: true, seenAt });
    }
  }

  #lose(error) {
    clearTimeout(this.#watchdog);
    this.#stream = null;
    const status = error instanceof ApiError ? error.status : 0;
    if (status === 401) return this.#set({ phase: 'locked', error: error.message });
    const pause = this.#pause;
    this.#pause = Math.min(2 * pause, kLongestPause);
    this.#timer = setTimeout(() => this.#open(), pause);
    this.#set({ phase: status ? 'refused' : 'lost', error: status ? error.message : null, retryAt: Date.now() + pause });
  }
}
