import { useEffect, useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks';
import { adminKey, forgetAdminKey, keepAdminKey } from './api.js';
import { ConfigPage } from './config.jsx';
import { EventsPage } from './events.jsx';
import { ExplainPage } from './explain.jsx';
import { left } from './format.js';
import { ModelsPage } from './models.jsx';
import { Overview } from './overview.jsx';
import { Orders, useTick } from './parts.jsx';
import { nextTheme, theme } from './theme.js';

const kPages = [
  ['', 'Overview', Overview],
  ['models', 'Models', ModelsPage],
  ['explain', 'Explain', ExplainPage],
  ['events', 'Events', EventsPage],
  ['config', 'Config', ConfigPage],
];
const kToastMs = 6000;

function usePage() {
  const read = () => location.hash.replace(/^#\/?/, '').split('?')[0];
  const [page, setPage] = useState(read);
  useEffect(() => {
    const look = () => setPage(read());
    addEventListener('hashchange', look);
    return () => removeEventListener('hashchange', look);
  }, []);
  return kPages.find(([name]) => name === page) ?? kPages[0];
}

// The connection in a word, for the corner.
function Link({ phase, draining }) {
  const words = { connecting: 'connecting', live: draining ? 'draining' : 'live', lost: 'not connected', refused: 'not connected', locked: 'locked' };
  return <span class={`link ${phase}`}>{words[phase]}</span>;
}

function Header({ state, page, onTheme, chosen, onLock }) {
  return (
    <header>
      <a class="brand" href="#/">
        weir
      </a>
      <nav aria-label="Pages">
        {kPages.map(([name, title]) => (
          <a key={name} href={`#/${name}`} aria-current={name === page ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <div class="corner">
        <Link {...state} />
        {adminKey() && (
          <button type="button" class="quiet" onClick={onLock} title="Forget the admin key in this tab">
            Lock
          </button>
        )}
        <button type="button" class="quiet" onClick={onTheme} title="Follow the system, or light, or dark">
          Theme: {chosen}
        </button>
      </div>
    </header>
  );
}

function Trouble({ state, onRetry }) {
  useTick();
  if (state.phase !== 'lost' && state.phase !== 'refused') return null;
  const wait = left(state.retryAt - Date.now());
  const seen = state.seenAt ? `Last seen ${left(Date.now() - state.seenAt)} ago; what stands here is of then.` : '';
  return (
    <div class="trouble" role="alert">
      <strong>{state.phase === 'lost' ? 'weir isn’t answering.' : `weir refuses: ${state.error}.`}</strong> {seen}{' '}
      <span aria-hidden="true">{wait === 'now' ? 'Trying again…' : `Next try in ${wait}.`}</span>{' '}
      <button type="button" onClick={onRetry}>
        Try now
      </button>
    </div>
  );
}

// The admin key stays in this tab and goes nowhere but into the Authorization header.
function KeyForm({ error, onKey }) {
  const field = useRef(null);
  useEffect(() => field.current.focus(), []);
  const wasWrong = adminKey() !== '';
  const submit = (event) => {
    event.preventDefault();
    if (field.current.value) onKey(field.current.value);
  };
  return (
    <form class="panel keyform" onSubmit={submit}>
      <h1>This weir asks for its admin key</h1>
      <p>
        It is the value of <code>admin.key</code> in the configuration. This tab keeps it until you close it.
      </p>
      <label for="admin-key">Admin key</label>
      <div class="row">
        <input id="admin-key" type="password" ref={field} autocomplete="off" aria-describedby="key-error" />
        <button type="submit" class="primary">
          Open
        </button>
      </div>
      <p id="key-error" class="bad" role="alert">
        {wasWrong ? `Not opened: ${error}.` : ''}
      </p>
    </form>
  );
}

function useToast() {
  const [toast, setToast] = useState({ words: '', bad: false });
  const timer = useRef(0);
  const show = (words, bad = false) => {
    clearTimeout(timer.current);
    setToast({ words, bad });
    timer.current = setTimeout(() => setToast({ words: '', bad: false }), kToastMs);
  };
  // Carries an order out and tells what came of it.
  const order = async (give, done) => {
    try {
      await give();
      show(done);
    } catch (error) {
      show(error.message, true);
    }
  };
  return [toast, order];
}

function skip(event) {
  event.preventDefault(); // the hash names the page
  document.getElementById('main').focus();
}

export function App({ connection }) {
  const [, redraw] = useReducer((value) => value + 1, 0);
  // Not useEffect: that is after painting, and weir on the same machine may answer before it.
  useLayoutEffect(() => connection.watch(() => redraw()), []);
  const [name, title, Page] = usePage();
  const [chosen, setChosen] = useState(theme);
  const [toast, order] = useToast();
  const { state } = connection;
  const main = useRef(null);
  const shown = useRef(name);
  // At once, too: who types into the new page before it is painted must not lose the focus to this.
  useLayoutEffect(() => {
    document.title = name ? `${title} · weir` : 'weir';
    if (shown.current !== name) main.current.focus();
    shown.current = name;
  }, [name]);
  const onKey = (key) => {
    keepAdminKey(key);
    connection.retry();
  };
  const onLock = () => {
    forgetAdminKey();
    location.reload();
  };
  return (
    <Orders.Provider value={order}>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <Header state={state} page={name} chosen={chosen} onTheme={() => setChosen(nextTheme())} onLock={onLock} />
      <main id="main" tabIndex={-1} ref={main} class={state.phase === 'lost' ? 'stale' : ''}>
        <Trouble state={state} onRetry={() => connection.retry()} />
        {state.phase === 'locked' ? (
          <KeyForm key={state.error} error={state.error} onKey={onKey} />
        ) : state.data ? (
          <Page state={state.data} theme={chosen} />
        ) : (
          <p class="waiting">{state.phase === 'connecting' ? 'Asking weir how it is…' : ''}</p>
        )}
      </main>
      <div class={`toast ${toast.bad ? 'bad' : ''}`} role="status">
        {toast.words}
      </div>
    </Orders.Provider>
  );
}
