import { useState } from 'preact/hooks';
import { ask } from './api.js';
import { exact, reason } from './format.js';
import { Moment, State, useFetched } from './parts.jsx';

const kNeeds = [['tools', 'Tools'], ['images', 'Images'], ['json_schema', 'JSON schema'], ['no_training', 'No training on prompts']];
const kPriorities = ['interactive', 'normal', 'batch'];

// What the form says, as the API wants it: what was left open isn't sent.
function questionOf(form) {
  const fields = new FormData(form);
  const question = { model: fields.get('model').trim(), tokens: Number(fields.get('tokens')), priority: fields.get('priority') };
  if (fields.get('max_tokens')) question.max_tokens = Number(fields.get('max_tokens'));
  for (const [name] of kNeeds) if (fields.has(name)) question[name] = true;
  return question;
}

function why(target) {
  if (target.has_room) return 'has room now';
  const words = target.too_large ? 'could never hold this request' : reason(target.why) || 'has no room';
  return words;
}

function Score({ score, best }) {
  if (score === null || score === undefined) return <span class="muted">not scored</span>;
  return (
    <span class="score">
      <span class="bar" aria-hidden="true">
        <span class="used" style={{ width: `${best > 0 ? (100 * score) / best : 0}%` }} />
      </span>
      <span class="num">{score.toFixed(3)}</span>
    </span>
  );
}

function Answer({ answer }) {
  const best = Math.max(...answer.targets.map((target) => target.score ?? 0), 0);
  const room = answer.targets.filter((target) => target.has_room).length;
  const shares = answer.strategy === 'headroom' || answer.strategy === 'weighted';
  return (
    <section aria-labelledby="answer-title">
      <h2 id="answer-title">
        {room} of {answer.targets.length} {answer.targets.length === 1 ? 'target has' : 'targets have'} room
      </h2>
      <p class="lead">
        “{answer.route}” by <strong>{answer.strategy}</strong>, class {answer.priority}: {exact(answer.prompt_tokens)} tokens of prompt,{' '}
        {exact(answer.output_tokens)} of output reserved.{' '}
        {shares ? 'Chance draws from the best tier that has room, by score.' : 'The first of the best tier that has room serves.'}
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Candidates">
        <table class="panel candidates">
          <thead>
            <tr>
              <th scope="col">Tier</th>
              <th scope="col">Target</th>
              <th scope="col">Key</th>
              <th scope="col">Room</th>
              <th scope="col">Score</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {answer.targets.map((target) => (
              <tr key={`${target.target}#${target.key}`}>
                <td class="num">{target.tier}</td>
                <td>{target.target}</td>
                <td>{target.key}</td>
                <td>
                  <State state={target.has_room ? 'ready' : target.available_at ? 'limited' : 'unavailable'}>
                    {target.has_room ? 'yes' : target.available_at ? 'later' : 'no'}
                  </State>
                </td>
                <td>
                  <Score score={target.score} best={best} />
                </td>
                <td>
                  {why(target)}
                  {target.available_at && (
                    <>
                      , room at <Moment time={target.available_at} />
                    </>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

export function ExplainPage() {
  const models = useFetched(() => ask('GET', 'models'), 0);
  const [answer, setAnswer] = useState(null);
  const [error, setError] = useState('');
  const submit = async (event) => {
    event.preventDefault();
    try {
      setAnswer(await ask('POST', 'explain', questionOf(event.currentTarget)));
      setError('');
    } catch (failure) {
      setAnswer(null);
      setError(failure.message);
    }
  };
  const names = (models.data?.models ?? []).map((model) => model.id);
  return (
    <div class="page">
      <h1>Explain</h1>
      <p class="lead">Where would this request go now? A dry run of the router: nothing is sent, nothing is reserved.</p>
      <form class="panel explain" onSubmit={submit}>
        <label class="wide">
          Model
          <input name="model" list="model-names" required autocomplete="off" placeholder={names[0] ?? 'auto'} />
          <datalist id="model-names">
            {names.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </label>
        <label>
          Prompt tokens
          <input name="tokens" type="number" min="0" step="1" required defaultValue="1000" />
        </label>
        <label>
          max_tokens
          <input name="max_tokens" type="number" min="1" step="1" placeholder="not set" />
        </label>
        <label>
          Class
          <select name="priority" defaultValue="normal">
            {kPriorities.map((name) => (
              <option key={name} selected={name === 'normal'}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <fieldset>
          <legend>Needs</legend>
          {kNeeds.map(([name, words]) => (
            <label key={name} class="check">
              <input type="checkbox" name={name} /> {words}
            </label>
          ))}
        </fieldset>
        <button type="submit" class="primary">
          Explain
        </button>
      </form>
      <div aria-live="polite">
        {error && <p class="trouble">{error}</p>}
        {answer && <Answer answer={answer} />}
      </div>
    </div>
  );
}
