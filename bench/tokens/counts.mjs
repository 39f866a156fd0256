// Counts each text of stdin by every family's own tokenizer: a JSON object of counts a line.
import { createInterface } from 'node:readline';
import { get_encoding } from 'tiktoken';

const families = { llama: 'llama3_1', qwen: 'qwen3', gemma: 'gemma3', mistral: 'mistral_nemo', command: 'command_r_plus', deepseek: 'deepseek_v3' };
const counters = { gpt: (text) => reference.encode(text, [], []).length };
const reference = get_encoding('o200k_base');
for (const [family, name] of Object.entries(families)) {
  const { fromPreTrained } = await import(`@lenml/tokenizer-${name}`);
  const tokenizer = fromPreTrained();
  counters[family] = (text) => tokenizer.encode(text, { add_special_tokens: false }).length;
}
for await (const line of createInterface({ input: process.stdin })) {
  const { k, t } = JSON.parse(line);
  console.log(JSON.stringify({ k, ...Object.fromEntries(Object.entries(counters).map(([family, count]) => [family, count(t)])) }));
}
