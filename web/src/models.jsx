import { useEffect, useState } from 'preact/hooks';
import { ask } from './api.js';
import { count, countingTitle, countingWords, reason } from './format.js';
import { Countdown, Segments, State, remaining, useFetched } from './parts.jsx';

const kAll = 'all';
const kLongest = 2 ** 30; // of a browser's timers, in milliseconds

// Why a model or a target can't be called now, and until when.
function Why({ one, received }) {
  if (one.callable) return <span class="why">can be called now</span>;
  return (
    <span class="why">
      {reason(one.why)}
      {one.until && (
        <>
          , back <Countdown until={one.until} seconds={one.until_in_s} received={received} />
        </>
      )}
      {one.remedy && <span class="remedy">{one.remedy}</span>}
    </span>
  );
}

// How the model's own count of a prompt differs from our estimate, as its answers showed.
function Counts({ counting }) {
  if (!counting || counting.answers === 0) return <span class="small counts">tokens not calibrated yet</span>;
  return <span class="small counts num" title={countingTitle(counting)}>{countingWords(counting)}</span>;
}

function Model({ model, received }) {
  const ready = model.targets.filter((target) => target.callable).length;
  return (
    <li>
      <details>
        <summary>
          <span class="strong name">{model.id}</span>
          <State state={model.state} />
          <Why one={model} received={received} />
          <span class="small can">
            {model.context && `${count(model.context)} context`}
            {model.capabilities?.length > 0 && ` · ${model.capabilities.join(', ').replaceAll('_', ' ')}`}
          </span>
          <span class="small num of">
            {ready} of {model.targets.length} {model.targets.length === 1 ? 'target' : 'targets'}
          </span>
        </summary>
        <ul class="targets">
          {model.targets.map((target) => (
            <li key={`${target.target}#${target.key}`}>
              <span class="name">
                {target.target} <span class="key">{target.key}</span>
              </span>
              <State state={target.callable ? 'ready' : target.until ? 'limited' : 'unavailable'} />
              <Why one={target} received={received} />
              <Counts counting={target.counting} />
              <span class="small">tier {target.tier}</span>
            </li>
          ))}
        </ul>
      </details>
    </li>
  );
}

// Moves when something that was to come back should have: then it is asked for again.
function useReturns(data, received) {
  const [returns, setReturns] = useState(0);
  useEffect(() => {
    const times = (data?.models ?? []).flatMap((model) => model.targets).filter((target) => target.until_in_s !== null);
    if (times.length === 0) return undefined;
    const first = Math.min(...times.map((target) => remaining(target.until_in_s, received)));
    const timer = setTimeout(() => setReturns((value) => value + 1), Math.min(Math.max(first, 0) + 200, kLongest));
    return () => clearTimeout(timer);
  }, [data]);
  return returns;
}

export function ModelsPage({ state }) {
  const [fetched, setFetched] = useState(null);
  const returns = useReturns(fetched?.data, fetched?.received);
  const { data, error, received } = useFetched(() => ask('GET', 'models'), `${state.changes} ${returns}`);
  useEffect(() => setFetched({ data, received }), [data]);
  const [text, setText] = useState('');
  const [which, setWhich] = useState(kAll);
  const wanted = text.trim().toLowerCase();
  const all = data?.models ?? [];
  const shown = all.filter((model) => model.id.toLowerCase().includes(wanted) && (which === kAll || model.callable === (which === 'ready')));
  const ready = all.filter((model) => model.callable).length;
  return (
    <div class="page">
      <h1>Models</h1>
      <p class="lead">
        Every name a client may ask for, judged as a small request would be.{' '}
        {data && (
          <strong>
            {ready} of {all.length} can be called now.
          </strong>
        )}
      </p>
      <div class="row tools">
        <label>
          <span class="hidden">Filter by name</span>
          <input type="search" placeholder="Filter by name" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <Segments label="Which models" value={which} onChange={setWhich} options={[[kAll, 'All'], ['ready', 'Callable now'], ['not', 'Not now']]} />
      </div>
      {error && <p class="trouble" role="alert">{error}</p>}
      {data && shown.length === 0 && (
        <p class="panel empty">{all.length === 0 ? 'There is no model yet: no provider has a key.' : 'No model is like that.'}</p>
      )}
      {shown.length > 0 && (
        <ul class="models panel">
          {shown.map((model) => (
            <Model key={model.id} model={model} received={received} />
          ))}
        </ul>
      )}
    </div>
  );
}
