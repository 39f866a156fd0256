import { useRef, useState } from 'preact/hooks';
import { classWords, count, requestState, took } from './format.js';
import { AttemptDot, Attempts, Moment, useTick } from './parts.jsx';

const kMostShown = 50;

function Trail({ request }) {
  const { tokens } = request;
  const facts = [
    ['began', <Moment time={request.at} />],
    ['waited for room', took(request.queue_ms)],
    ['first content after', took(request.ttfb_ms)],
    ['tokens', `${tokens.prompt === null ? `about ${count(tokens.estimated)}` : count(tokens.prompt)} in, ${tokens.completion === null ? '–' : count(tokens.completion)} out`],
    ['answer', `${request.status ?? 'none yet'}${request.stream ? ', streamed' : ''}`],
    ['class', request.priority],
    ['client', request.client ?? '–'],
    ['id', <code>{request.id}</code>],
  ];
  return (
    <div class="trail">
      {request.attempts.length > 0 && (
        <ol aria-label="Attempts">
          {request.attempts.map((one, index) => (
            <li key={index}>
              <AttemptDot name={one.class} /> <span class="target">{one.target}</span> <span class="key">{one.key}</span>
              <span class="outcome">
                {classWords(one.class)}
                {one.outcome !== 'ok' && one.outcome !== one.class ? ` (${one.outcome})` : ''}, <span class="num">{took(one.ms)}</span>
              </span>
            </li>
          ))}
        </ol>
      )}
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function Row({ request }) {
  useTick();
  const [open, setOpen] = useState(false);
  const [words, tone] = requestState(request);
  const busy = request.state !== 'done';
  const age = busy ? request.total_ms + (performance.now() - request.received) : request.total_ms;
  return (
    <li>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <span class="line">
            <span class="clip strong">{request.model}</span>
            <span class={`word ${tone}`}>{words}</span>
          </span>
          <span class="line small">
            <span class="clip">{request.served_by ?? (busy ? 'nobody yet' : 'nobody served it')}</span>
            <Attempts attempts={request.attempts} busy={request.state === 'trying' || request.state === 'answering'} />
            <span class="num took">{busy ? took(Math.floor(age / 100) * 100) : took(request.total_ms)}</span>
          </span>
        </summary>
        {open && <Trail request={request} />}
      </details>
    </li>
  );
}

// While somebody points at the list or has the focus in it, it holds still: nothing slips away under the hand.
export function Requests({ live, done }) {
  const [held, setHeld] = useState(false);
  const frozen = useRef(null);
  const current = [...live, ...done].slice(0, kMostShown);
  if (!held) frozen.current = current;
  const shown = frozen.current;
  const leave = (event) => {
    if (!event.currentTarget.contains(event.relatedTarget)) setHeld(false);
  };
  return (
    <section
      class="requests panel"
      aria-labelledby="requests-title"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={(event) => !event.currentTarget.contains(document.activeElement) && setHeld(false)}
      onFocusCapture={() => setHeld(true)}
      onBlurCapture={leave}
    >
      <div class="row spread">
        <h2 id="requests-title">Requests</h2>
        <span class="small">{held ? 'held still while you look' : `${live.length} under way`}</span>
      </div>
      {shown.length === 0 ? (
        <p class="empty small">
          None yet. Point a client’s base URL at <code>{`${location.origin}/v1`}</code>.
        </p>
      ) : (
        <ul class="rows">
          {shown.map((request, index) => (
            <Row key={`${request.id} ${request.at}`} request={request} />
          ))}
        </ul>
      )}
    </section>
  );
}
