// How numbers, times and the words of the admin API are shown.

const kSecond = 1000;
const kMinute = 60 * kSecond;
const kHour = 60 * kMinute;
const kDay = 24 * kHour;

const plain = new Intl.NumberFormat('en');

// 987, 8,421, 801k, 2.4M: never longer than six characters below 1,000M.
export function count(value) {
  if (value === null || value === undefined) return 'unknown';
  if (value < 100_000) return plain.format(Math.round(value));
  if (value < 1_000_000) return `${Math.round(value / 1000)}k`;
  const millions = value / 1_000_000;
  return `${millions < 10 ? Number(millions.toFixed(1)) : plain.format(Math.round(millions))}M`;
}

export const exact = (value) => plain.format(value);

// What was measured: 850 ms, 3.2 s, 2 min.
export function took(ms) {
  if (ms === null || ms === undefined) return '–';
  if (ms > 0 && ms < 9.95) return `${Number(ms.toFixed(1))} ms`; // fast, and no zero
  if (ms < kSecond) return `${Math.round(ms)} ms`;
  if (ms < 10 * kSecond) return `${(ms / kSecond).toFixed(1)} s`;
  return left(ms);
}

// Whether the times of a series are those of streams: plain answers alone are timed until they are there.
export function isStreamed({ ttfb_p50_ms: streams = [], plain_p50_ms: plain = [] }) {
  return streams.some((ms) => ms !== null) || plain.every((ms) => ms === null);
}

// What is still to pass, rounded up: 12 s, 6 m 03 s, 10 h 20 m, 3 d 4 h.
export function left(ms) {
  if (ms <= 0) return 'now';
  const seconds = Math.ceil(ms / kSecond);
  const two = (value) => String(value).padStart(2, '0');
  if (seconds < 60) return `${seconds} s`;
  if (ms < kHour) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  const minutes = Math.ceil(ms / kMinute);
  if (ms < kDay) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`;
  const hours = Math.ceil(ms / kHour);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const clockToMinute = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const dayAndClock = new Intl.DateTimeFormat(undefined, {
  month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
});

// The reader's own time; the day only where it is another.
export function at(time, now = Date.now(), { seconds = true } = {}) {
  const date = new Date(time);
  if (date.toDateString() !== new Date(now).toDateString()) return dayAndClock.format(date);
  return (seconds ? clock : clockToMinute).format(date);
}

// The same to be copied and compared with logs.
export const utc = (time) => `${String(time).replace('T', ' ').replace(/(\.\d+)?Z$/, '')} UTC`;

const kPeriods = new Map([[1, 'second'], [60, 'minute'], [3600, 'hour'], [86_400, 'day'], [604_800, 'week']]);
const kDimensions = {
  requests: 'requests', tokens: 'tokens', input_tokens: 'input tokens', output_tokens: 'output tokens', in_flight: 'at once',
};

// Of a window: "requests a day", "tokens a minute", "requests at once".
export function windowName({ dimension, period_s, kind }) {
  const what = kDimensions[dimension] ?? dimension;
  if (kind === 'concurrency' || dimension === 'in_flight') return 'requests at once';
  if (kind === 'credit') return `${what}, a credit`;
  if (period_s >= 28 * 86_400 && period_s <= 31 * 86_400) return `${what} a month`;
  const period = kPeriods.get(period_s);
  if (period) return `${what} ${period === 'hour' ? 'an' : 'a'} ${period}`;
  return `${what} in ${left(period_s * kSecond)}`;
}

// The same for where room is short: "tokens/min".
export function windowLabel({ dimension, period_s, kind }) {
  const short = { 1: 's', 60: 'min', 3600: 'hour', 86_400: 'day', 604_800: 'week' }[period_s];
  return short && kind !== 'credit' ? `${kDimensions[dimension] ?? dimension}/${short}` : windowName({ dimension, period_s, kind });
}

const kKinds = {
  sliding: 'in any interval of that length', fixed: 'aligned to the clock', first_use: 'begins with the first request',
  calendar: 'by the calendar', refill: 'comes back bit by bit', interval: 'one after the other', credit: 'does not come back',
  concurrency: 'under way at one moment',
};
export const kindWords = (kind) => kKinds[kind] ?? kind;

const kSources = {
  header: ['header', 'The provider said so in a header'],
  body: ['refusal', 'The provider said so when it refused a request'],
  config: ['config', 'Your configuration says so'],
  preset: ['preset', 'weir’s own table of this provider says so'],
  inferred: ['learned', 'Learned from what the provider served and refused'],
};

// Where a number comes from: a word, and the whole of it.
export function sourceWords({ source, as_of, limit }) {
  if (source === null || limit === null) return ['not reported', 'Nobody has said what the limit is. Unknown isn’t exhausted.'];
  const [short, long] = kSources[source] ?? [source, source];
  return [short, as_of ? `${long}, as of ${as_of}` : long];
}

const kCauses = {
  rate_limited: 'rate limited', quota_exhausted: 'quota used up', capacity: 'provider has no capacity',
  payment_required: 'payment required', auth: 'key refused', model_gone: 'model is gone', not_on_plan: 'not on this plan',
  failing: 'left alone after failures', disabled: 'disabled until the restart',
};
const kShortWindow = /^(r|t|it|ot)p(s|m|h|d|mo)$/;
const kShortDimensions = { r: 'requests', t: 'tokens', it: 'input tokens', ot: 'output tokens' };
const kShortPeriods = { s: 'a second', m: 'a minute', h: 'an hour', d: 'a day', mo: 'a month' };

// Of `why` and `cause`: a cooldown's cause, a window's short name, or already words.
export function reason(word) {
  if (!word) return '';
  if (kCauses[word]) return kCauses[word];
  const window = kShortWindow.exec(word);
  if (window) return `${kShortDimensions[window[1]]} ${kShortPeriods[window[2]]} used up`;
  if (word === 'concurrency') return 'as many under way as may be';
  return String(word).replaceAll('_', ' ');
}

const kPlural = (value, one) => `${exact(value)} ${one}${value === 1 ? '' : 's'}`;

// What answers have taught of a model's tokens: "tokens × 1.07 + 31, ± 3 %".
export function countingWords({ ratio, overhead, spread }) {
  return `tokens × ${ratio.toFixed(2)} ${overhead < 0 ? '−' : '+'} ${exact(Math.abs(overhead))}, ± ${Math.round(100 * spread)} %`;
}

export function countingTitle({ answers, tokenizer, output_p50, output_p95 }) {
  const learned = `Of a prompt estimated for the tokenizer ${tokenizer}; learned from ${kPlural(answers, 'answer')}.`;
  return output_p50 === null ? learned : `${learned} Half of the outputs stay within ${kPlural(output_p50, 'token')}, 95 % within ${exact(output_p95)}.`;
}

const kClasses = {
  ok: 'ok', rate_limited: 'rate limited', quota: 'quota used up', timeout: 'timed out', server_error: 'server error',
  auth: 'key refused', bad_request: 'bad request', network: 'no connection', aborted: 'broken off',
};
export const classWords = (name) => kClasses[name] ?? reason(name);

// How an attempt is drawn: what was served, what a provider refused for want of quota, and what went wrong.
export function attemptShape(name) {
  if (name === 'ok') return 'ok';
  return name === 'rate_limited' || name === 'quota' ? 'refused' : 'failed';
}

const kRequestStates = { reading: 'reading', waiting: 'waiting for room', trying: 'trying', answering: 'answering' };

// What became of a request, or how far it is: a word and a tone.
export function requestState(request) {
  if (request.state !== 'done') return [kRequestStates[request.state] ?? request.state, 'busy'];
  if (request.ok) return ['ok', 'good'];
  if (request.error === 'cancelled') return ['client left', 'muted'];
  return [reason(request.error ?? 'failed'), 'bad'];
}

export const share = (part, whole) => {
  if (!whole) return '–';
  const percent = (100 * part) / whole;
  if (part === whole) return '100 %';
  // 1,999 of 2,000 isn't all of it.
  return `${Math.min(99.9, percent).toFixed(percent >= 90 ? 1 : 0)} %`;
};
