// Small things that all pages use.
import { createContext } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import { at, attemptShape, classWords, left, utc } from './format.js';

// One clock for all countdowns, so that they move together.
const tickers = new Set();
setInterval(() => {
  if (!document.hidden) for (const tick of tickers) tick();
}, 1000);

export function useTick() {
  const [, setCount] = useState(0);
  useEffect(() => {
    const tick = () => setCount((value) => value + 1);
    tickers.add(tick);
    return () => tickers.delete(tick);
  }, []);
}

// What is left of `seconds`, which were told at `received`.
export const remaining = (seconds, received) => seconds * 1000 - (performance.now() - received);

// "in 12 s", and the moment itself for those who ask.
export function Countdown({ until, seconds, received, prefix = 'in ' }) {
  useTick();
  const ms = remaining(seconds, received);
  return (
    <time dateTime={until} title={`${at(until)} here, ${utc(until)}`} class="num">
      {ms <= 0 ? 'now' : prefix + left(ms)}
    </time>
  );
}

export function Moment({ time, seconds = true }) {
  return (
    <time dateTime={time} title={utc(time)} class="num">
      {at(time, Date.now(), { seconds })}
    </time>
  );
}

// A form beside the colour, and always a word.
const kShapes = {
  good: <circle cx="6" cy="6" r="4.5" fill="currentColor" />,
  wait: <path d="M6 1.2 11 10.4H1z" fill="currentColor" />,
  bad: <rect x="1.6" y="1.6" width="8.8" height="8.8" rx="1" fill="currentColor" />,
  off: <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" stroke-width="1.8" />,
};
const kTones = { ready: 'good', limited: 'wait', failing: 'bad', refused: 'bad', unavailable: 'bad', disabled: 'off', draining: 'off' };

export function State({ state, children }) {
  const tone = kTones[state] ?? 'off';
  return (
    <span class={`state ${tone}`}>
      <svg viewBox="0 0 12 12" width="10" height="10" aria-hidden="true">
        {kShapes[tone]}
      </svg>
      {children ?? state}
    </span>
  );
}

const kAttempts = {
  ok: <circle cx="5" cy="5" r="4" fill="currentColor" />,
  refused: <circle cx="5" cy="5" r="3.2" fill="none" stroke="currentColor" stroke-width="1.8" />,
  failed: <path d="m2 2 6 6m0-6-6 6" fill="none" stroke="currentColor" stroke-width="2" />,
};

export function AttemptDot({ name }) {
  const shape = attemptShape(name);
  return (
    <svg class={`attempt ${shape}`} viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
      {kAttempts[shape]}
    </svg>
  );
}

export function Attempts({ attempts, busy }) {
  const words = attempts.map((one) => `${one.target.split('/')[0]} ${classWords(one.class)}`);
  if (busy) words.push('one under way');
  return (
    <span class="attempts" role="img" aria-label={`attempts: ${words.join(', ') || 'none'}`} title={words.join(', ')}>
      {attempts.map((one, index) => (
        <AttemptDot key={index} name={one.class} />
      ))}
      {busy && <span class="attempt underway" />}
    </span>
  );
}

export function Segments({ label, value, options, onChange }) {
  return (
    <div class="segments" role="group" aria-label={label}>
      {options.map(([name, words]) => (
        <button key={name} type="button" aria-pressed={value === name} onClick={() => onChange(name)}>
          {words}
        </button>
      ))}
    </div>
  );
}

// Tells what came of an order.
export const Orders = createContext(null);
export const useOrders = () => useContext(Orders);

export function Confirm({ open, title, children, yes, onYes, onClose }) {
  const dialog = useRef(null);
  useEffect(() => {
    if (open && !dialog.current.open) dialog.current.showModal();
    if (!open && dialog.current.open) dialog.current.close();
  }, [open]);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="confirm-title">
      <h2 id="confirm-title">{title}</h2>
      <p>{children}</p>
      <div class="row end">
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" class="danger" onClick={() => (onYes(), onClose())}>
          {yes}
        </button>
      </div>
    </dialog>
  );
}

// What isn't in the stream: read when the page opens, and again when `when` has changed, but not in a rush.
const kApart = 3000;
export function useFetched(read, when) {
  const [result, setResult] = useState({ data: null, error: null, received: 0 });
  const last = useRef(-kApart);
  useEffect(() => {
    let gone = false;
    const load = async () => {
      last.current = performance.now();
      try {
        const data = await read();
        if (!gone) setResult({ data, error: null, received: performance.now() });
      } catch (error) {
        if (!gone) setResult((before) => ({ ...before, error: error.message }));
      }
    };
    const timer = setTimeout(load, Math.max(0, last.current + kApart - performance.now()));
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [when]);
  return result;
}
