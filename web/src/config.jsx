import { useMemo, useState } from 'preact/hooks';
import { ask, orders } from './api.js';
import { Confirm, Segments, useFetched, useOrders } from './parts.jsx';
import { withOrigins } from './yaml_origin.js';

// The comment of a line stands back.
function Text({ text }) {
  const at = text.search(/\s+# /);
  if (at < 0) return text || ' ';
  return (
    <>
      {text.slice(0, at)}
      <span class="muted">{text.slice(at)}</span>
    </>
  );
}

// Only what the file sets, and the keys around it.
function fromFile(rows) {
  const kept = new Set();
  for (const row of rows) {
    if (row.line === null) continue;
    const parts = row.path.split('.');
    parts.forEach((_, i) => kept.add(parts.slice(0, i + 1).join('.')));
  }
  return rows.filter((row) => kept.has(row.path));
}

function Listing({ config, which }) {
  const rows = useMemo(() => withOrigins(config.yaml, config.lines), [config]);
  const shown = which === 'file' ? fromFile(rows) : rows;
  if (shown.length === 0) return <p class="panel empty">The file sets nothing: everything is a default.</p>;
  return (
    <div class="scroll yaml panel" tabIndex={0} role="region" aria-label="Effective configuration">
      <table>
        <thead class="hidden">
          <tr>
            <th scope="col">Set by</th>
            <th scope="col">Setting</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((row, index) => (
            <tr key={index} class={row.line === null ? '' : 'set'}>
              <td class="origin num">{row.line === null ? '' : `line ${row.line}`}</td>
              <td>
                <code>
                  <Text text={row.text} />
                </code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function DaemonOrders() {
  const order = useOrders();
  const [asks, setAsks] = useState(false);
  return (
    <div class="row">
      <button type="button" onClick={() => order(orders.reload, 'Reload ordered; Events says what came of it.')}>
        Reload
      </button>
      <button type="button" class="danger" onClick={() => setAsks(true)}>
        Drain and stop…
      </button>
      <Confirm open={asks} title="Drain and stop weir?" yes="Drain and stop" onClose={() => setAsks(false)} onYes={() => order(orders.drain, 'weir drains, and ends when the last request is answered.')}>
        Requests under way are answered, new ones are refused, and then weir ends. Only whoever runs it can start it again.
      </Confirm>
    </div>
  );
}

export function ConfigPage({ state }) {
  // A reload shows as an event; other events don't change the configuration.
  const reloads = state.events.filter((event) => event.event === 'reloaded').length;
  const { data, error } = useFetched(() => ask('GET', 'config'), reloads);
  const [which, setWhich] = useState('all');
  return (
    <div class="page">
      <div class="row spread wrap">
        <h1>Configuration</h1>
        <DaemonOrders />
      </div>
      <p class="lead">
        What is in effect, from{' '}
        {data?.file ? <code>{data.file}</code> : 'no file: defaults, and the keys found in the environment'}. A number is the line of the
        file that sets it. Secrets are never shown, and this page never writes the file.
      </p>
      <div class="row tools">
        <Segments label="Which settings" value={which} onChange={setWhich} options={[['all', 'Everything'], ['file', 'Set by the file']]} />
      </div>
      {error && <p class="trouble" role="alert">{error}</p>}
      {data && <Listing config={data} which={which} />}
    </div>
  );
}
