import { useRef, useState } from 'preact/hooks';
import { orders } from './api.js';
import { count, exact, kindWords, left, reason, sourceWords, windowLabel, windowName } from './format.js';
import { Countdown, State, remaining, useOrders, useTick } from './parts.jsx';

const kLow = 0.2; // of a window that is left
const kChosenFor = 20_000; // how long the rows of a card stay the same ones

const spent = ({ limit, left: rest }) => (limit ? 1 - rest / limit : 0);
const isUsed = (window) => window.used > 0 || window.reserved > 0;

// The account's windows, then those of models with the least left, in the order in which they came: as many as a card
// shows at first. The choice holds for a while, or rows would jump.
function useChosen(windows, rows) {
  const chosen = useRef({ until: 0, keys: null, of: 0 });
  const keyOf = (window) => `${window.model ?? ''}|${(window.models ?? []).join()}|${window.window}`;
  if (windows.length <= rows) return windows;
  const now = performance.now();
  if (!chosen.current.keys || now > chosen.current.until || chosen.current.of !== windows.length) {
    const rank = (window) => (window.model === null ? 2 : 0) + spent(window) + (isUsed(window) ? 0.5 : 0);
    const best = windows.map((window, index) => ({ window, index })).sort((a, b) => rank(b.window) - rank(a.window) || a.index - b.index);
    chosen.current = { until: now + kChosenFor, keys: new Set(best.slice(0, rows).map((one) => keyOf(one.window))), of: windows.length };
  }
  return windows.filter((window) => chosen.current.keys.has(keyOf(window)));
}

// The numbers in words: used, reserved, left.
function figures(window) {
  const parts = [`${exact(window.used)} used`];
  if (window.reserved) parts.push(`${exact(window.reserved)} reserved`);
  if (window.used_by_others) parts.push(`${exact(window.used_by_others)} of it by others`);
  return parts.join(', ');
}

function rest(window) {
  if (window.limit === null) return 'limit unknown';
  if (window.limit === 0) return 'not on this plan';
  if (window.left === 0) return 'used up';
  return `${count(window.left)} left`;
}

function Bar({ window }) {
  if (window.limit === null) return <div class="bar unknown" aria-hidden="true" />;
  const part = (value) => `${Math.min(100, (100 * value) / Math.max(window.limit, 1))}%`;
  const tone = window.left === 0 ? 'full' : window.left < kLow * window.limit ? 'low' : '';
  return (
    <div class={`bar ${tone}`} aria-hidden="true">
      <div class="used" style={{ width: part(window.limit ? window.used : 1) }} />
      <div class="reserved" style={{ width: part(window.reserved) }} />
    </div>
  );
}

function Reset({ window, received }) {
  if (window.reset) {
    return (
      <span>
        {window.kind === 'sliding' || window.kind === 'refill' ? 'more ' : 'resets '}
        <Countdown until={window.reset} seconds={window.reset_in_s} received={received} />
      </span>
    );
  }
  return <span>{window.kind === 'credit' ? 'does not come back' : isUsed(window) ? '' : 'untouched'}</span>;
}

function WindowRow({ window, received }) {
  const [source, why] = sourceWords(window);
  const whose = window.model ?? (window.models ? window.models.join(', ') : null);
  return (
    <li class="window">
      <div class="line">
        <span class="what" title={`${window.window}: ${windowName(window)}, ${kindWords(window.kind)}`}>
          {windowLabel(window)}
          {whose && (
            <span class="whose" title={whose}>
              {' '}
              {whose.replace(/^.*\//, '')}
            </span>
          )}
        </span>
        <span class="num strong">
          {rest(window)}
          {window.limit ? <span class="of"> of {count(window.limit)}</span> : null}
        </span>
      </div>
      <Bar window={window} />
      <div class="line small">
        <span class="num clip" title={window.unknown ?? undefined}>
          {figures(window)}
        </span>
        <span class="clip end">
          <Reset window={window} received={received} />
          <span class="source" title={window.unknown ?? why}>
            {source}
          </span>
        </span>
      </div>
    </li>
  );
}

// The one line under the title: what is the matter, or how many models are ready.
function Matter({ card }) {
  useTick();
  const [cooldown] = card.cooldowns;
  if (card.state !== 'ready') {
    const back = card.back_at && ` · back in ${left(remaining(card.back_in_s, card.received))}`;
    return [reason(card.why), card.remedy && `: ${card.remedy}`, back].filter(Boolean).join('') || 'nothing can be sent';
  }
  const ready = `${card.models_ready} of ${card.models} ${card.models === 1 ? 'model' : 'models'} ready`;
  if (!cooldown) return ready;
  const time = cooldown.until ? `, ${left(remaining(cooldown.until_in_s, card.received))}` : '';
  const more = card.cooldowns.length > 1 ? ` and ${card.cooldowns.length - 1} more` : '';
  return `${ready} · ${cooldown.model ?? 'all'}: ${reason(cooldown.cause)}${time}${more}`;
}

function Cooldowns({ card }) {
  return (
    <ul class="cooldowns">
      {card.cooldowns.map((one) => (
        <li key={one.model ?? '*'}>
          <strong>{one.model ?? 'all models'}</strong>: {reason(one.cause)}
          {one.until && (
            <>
              , over <Countdown until={one.until} seconds={one.until_in_s} received={card.received} />
            </>
          )}
          {one.remedy && <>. {one.remedy}</>}
        </li>
      ))}
    </ul>
  );
}

function CardOrders({ card }) {
  const order = useOrders();
  const name = `${card.provider} ${card.key}`;
  return (
    <div class="orders">
      {card.cooldowns.length > 0 && (
        <button type="button" class="quiet" aria-label={`Clear cooldowns of ${name}`} onClick={() => order(() => orders.endCooldowns(card), `The cooldowns of ${name} are over.`)}>
          Clear cooldowns
        </button>
      )}
      <button
        type="button"
        class="quiet"
        aria-label={`${card.enabled ? 'Disable' : 'Enable'} ${name}`}
        title={card.enabled ? 'Nothing new goes through this key until weir restarts or you enable it' : undefined}
        onClick={() => order(() => orders.enable(card, !card.enabled), card.enabled ? `${name} is left alone until weir restarts.` : `${name} is used again.`)}
      >
        {card.enabled ? 'Disable' : 'Enable'}
      </button>
    </div>
  );
}

function Card({ card, rows }) {
  const [open, setOpen] = useState(false);
  const chosen = useChosen(card.windows, rows);
  const shown = open ? card.windows : chosen;
  const hidden = card.windows.length - chosen.length;
  const id = `card-${card.provider}-${card.key}`;
  return (
    <li class={`card panel ${card.state} ${open ? 'open' : ''}`} aria-labelledby={id}>
      <div class="line title">
        <h3 id={id} class="clip">
          {card.provider} <span class="key">{card.key}</span>
        </h3>
        <State state={card.state} />
      </div>
      <p class="matter clip" title={card.remedy ?? undefined}>
        <Matter card={card} />
      </p>
      {open && card.cooldowns.length > 0 && <Cooldowns card={card} />}
      {card.windows.length === 0 ? (
        <p class="small nolimits">No limit is configured or known for this key.</p>
      ) : (
        <ul class="windows">
          {shown.map((window, index) => (
            <WindowRow key={index} window={window} received={card.received} />
          ))}
        </ul>
      )}
      <div class="line foot">
        {hidden > 0 || card.cooldowns.length > 1 ? (
          <button type="button" class="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? 'Show less' : hidden > 0 ? `${hidden} more` : 'All cooldowns'}
            <span class="hidden"> of {`${card.provider} ${card.key}`}</span>
          </button>
        ) : (
          <span />
        )}
        <CardOrders card={card} />
      </div>
    </li>
  );
}

export function Cards({ cards }) {
  // The first screen is to hold them all, where it can.
  const rows = cards.length <= 3 ? 4 : cards.length <= 6 ? 3 : 2;
  return (
    <section aria-labelledby="cards-title" class="cards-section">
      <h2 id="cards-title" class="hidden">
        Providers and keys
      </h2>
      {cards.length === 0 ? (
        <div class="panel empty">
          <h3>No provider has a key yet</h3>
          <p>
            Set a provider’s variable, such as <code>GEMINI_API_KEY</code>, or name one under <code>providers:</code> in weir.yaml, then
            restart or reload weir. <code>weir init</code> writes a file to begin with; <code>weir presets list</code> names those it knows.
          </p>
        </div>
      ) : (
        <ul class="cards">
          {cards.map((card) => (
            <Card key={`${card.provider}#${card.key}`} card={card} rows={rows} />
          ))}
        </ul>
      )}
    </section>
  );
}
