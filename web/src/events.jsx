import { useState } from 'preact/hooks';
import { Moment, Segments } from './parts.jsx';

const kRank = { info: 0, warn: 1, error: 2 };
const kWords = { info: 'info', warn: 'warning', error: 'error' };

const text = (value) => (typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value));

function matches(event, wanted) {
  if (!wanted) return true;
  return event.event.includes(wanted) || Object.entries(event.fields ?? {}).some(([name, value]) => `${name}=${text(value)}`.toLowerCase().includes(wanted));
}

export function EventsPage({ state }) {
  const [least, setLeast] = useState('info');
  const [filter, setFilter] = useState('');
  const wanted = filter.trim().toLowerCase();
  const shown = state.events.filter((event) => (kRank[event.level] ?? 0) >= kRank[least] && matches(event, wanted));
  return (
    <div class="page">
      <h1>Events</h1>
      <p class="lead">What the daemon had to say, newest first: its log but for the line each request has.</p>
      <div class="row tools">
        <label>
          <span class="hidden">Filter events</span>
          <input type="search" placeholder="Filter" value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />
        </label>
        <Segments label="Least level" value={least} onChange={setLeast} options={[['info', 'All'], ['warn', 'Warnings and errors'], ['error', 'Errors']]} />
      </div>
      {shown.length === 0 ? (
        <p class="panel empty">{state.events.length === 0 ? 'Nothing has happened yet.' : 'No event is like that.'}</p>
      ) : (
        <ol class="events panel">
          {shown.map((event) => (
            <li key={event.seq}>
              <Moment time={event.at} />
              <span class={`level ${event.level}`}>{kWords[event.level] ?? event.level}</span>
              <span class="strong">{event.event.replaceAll('_', ' ')}</span>
              <span class="fields">
                {Object.entries(event.fields ?? {}).map(([name, value]) => (
                  <span key={name}>
                    <span class="muted">{name}</span> {text(value)}
                  </span>
                ))}
              </span>
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}
