import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program =
  process.env.PRETEND_PROVIDERS_BINARY ??
  fileURLToPath(new URL('../../../build/release/tests/pretend_providers', import.meta.url));
if (!existsSync(program))
  throw new Error(`${program} is not there: the target pretend_providers builds it, PRETEND_PROVIDERS_BINARY names another`);

// Pretend providers in the manners of real ones, as a process of their own.
//
//   const pretend = await PretendProviders.start('mistral=mistral:mistral-small-latest?rpm=4', 'g=groq:qwen/qwen3.8-27b');
//   pretend.providers.mistral.baseUrl; pretend.providers.mistral.apiKey; pretend.yaml
//   await pretend.stop();
export class PretendProviders {
  static async start(...specs) {
    const pretend = new PretendProviders();
    pretend.#child = spawn(program, specs, { stdio: ['pipe', 'pipe', 'pipe'] });
    pretend.#child.stderr.on('data', (data) => (pretend.stderr += data));
    const ended = once(pretend.#child, 'close').then(() => {
      throw new Error(`pretend_providers ended: ${pretend.stderr}`);
    });
    ended.catch(() => {}); // an end after the first line is none of ours
    const [line] = await Promise.race([once(createInterface(pretend.#child.stdout), 'line'), ended]);
    const { providers, yaml } = JSON.parse(line);
    pretend.yaml = yaml;
    for (const [name, { base_url: baseUrl, api_key: apiKey, manner }] of Object.entries(providers))
      pretend.providers[name] = { baseUrl, apiKey, manner };
    return pretend;
  }

  providers = {}; // by name: {baseUrl, apiKey, manner}
  yaml = ''; // of a weir.yaml that knows them: providers, models, aliases
  stderr = '';
  #child;

  async stop() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const closed = once(this.#child, 'close');
      this.#child.kill('SIGTERM');
      await closed;
    }
  }
}
