import { useState } from 'preact/hooks';
import { Cards } from './cards.jsx';
import { Charts } from './charts.jsx';
import { count, exact, share } from './format.js';
import { Moment, Segments, State } from './parts.jsx';
import { Requests } from './requests.jsx';

function Facts({ state }) {
  const { totals } = state;
  const answered = totals.requests - totals.cancelled;
  return (
    <dl class="facts">
      <div>
        <dt>under way</dt>
        <dd class="num">{exact(state.in_flight)}</dd>
      </div>
      <div>
        <dt>waiting for room</dt>
        <dd class="num">{exact(state.waiting)}</dd>
      </div>
      <div>
        <dt>
          requests since <Moment time={state.started_at} seconds={false} />
        </dt>
        <dd class="num">{count(totals.requests)}</dd>
      </div>
      <div>
        <dt>served</dt>
        <dd class="num">{share(totals.ok, answered)}</dd>
      </div>
      <div>
        <dt>refused by providers</dt>
        <dd class="num">{count(totals.refused_by_providers)}</dd>
      </div>
    </dl>
  );
}

export function Sentence({ state }) {
  return (
    <section class="summary" aria-label="State">
      <div role="status">
        <h1>
          <State state={state.state} /> <span class="sentence">{state.sentence}</span>
        </h1>
      </div>
      <Facts state={state} />
    </section>
  );
}

function StoreTrouble({ store }) {
  if (!store.degraded) return null;
  return (
    <p class="trouble" role="alert">
      <strong>Counts aren’t kept on disk:</strong> {store.reason}. Requests are served; a restart would forget what has been used.
    </p>
  );
}

export function Overview({ state, theme }) {
  const [range, setRange] = useState('15m');
  return (
    <div class={`overview ${state.cards.length <= 3 ? 'few' : 'many'}`}>
      <Sentence state={state} />
      <StoreTrouble store={state.store} />
      <Cards cards={state.cards} />
      <section class="charts" aria-labelledby="charts-title">
        <div class="row spread">
          <h2 id="charts-title">
            Over time <span class="small">numbers: last {range === '15m' ? '15 s' : '10 min'}</span>
          </h2>
          <Segments label="Range of the charts" value={range} onChange={setRange} options={[['15m', '15 min'], ['24h', '24 h']]} />
        </div>
        <Charts series={state.series[range]} range={range} theme={theme} />
      </section>
      <Requests live={state.live} done={state.requests} />
    </div>
  );
}
