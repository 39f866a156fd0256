// weir's encoder against the reference, package tiktoken: the same ranks for the same text.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { get_encoding } from 'tiktoken';

const encode = process.env.ENCODE_BINARY;

// A generator of its own, so that a failure comes back: mulberry32.
function chance(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

// Blocks of scripts and signs, all assigned since Unicode 14 at the latest but for their gaps.
const blocks = [
  [0x20, 0x7e], [0xa0, 0x17f], [0x250, 0x2ff], [0x300, 0x36f], [0x370, 0x3ff], [0x400, 0x4ff], [0x531, 0x556],
  [0x5d0, 0x5ea], [0x620, 0x64a], [0x660, 0x669], [0x904, 0x94d], [0xe01, 0xe3a], [0x10d0, 0x10f0], [0x1100, 0x11ff],
  [0x1e00, 0x1eff], [0x2000, 0x206f], [0x20a0, 0x20bf], [0x2190, 0x21ff], [0x2200, 0x22ff], [0x2500, 0x257f],
  [0x3041, 0x3096], [0x30a1, 0x30fa], [0x4e00, 0x9fa5], [0xac00, 0xd7a3], [0xff01, 0xff5e], [0x1d400, 0x1d454],
  [0x1f300, 0x1f5ff], [0x1f600, 0x1f64f], [0x20000, 0x20fff], [0x9, 0xd], [0x1680, 0x1680], [0x180e, 0x180e],
];
function scriptText(draw) {
  let text = '';
  const chosen = Array.from({ length: 1 + draw(4) }, () => blocks[draw(blocks.length)]);
  for (let i = draw(200); i >= 0; --i) {
    const [from, to] = chosen[draw(chosen.length)];
    text += draw(6) === 0 ? ' ' : String.fromCodePoint(from + draw(to - from + 1));
  }
  return Buffer.from(text);
}
function asciiText(draw) {
  const kinds = [' ', '  ', '\n', '\r\n', '\t', "'s", "'LL", 'the', 'HTTPServer', 'x', '42', '20260101', '0.5e-9', '//', '{}', '=>',
    '!==', 'naïve', 'snake_case', 'camelCase', 'ALL', "don't", '"', '\\n', '...', '-----', '日本', '👍🏽', '<|endoftext|>'];
  let text = '';
  for (let i = draw(120); i >= 0; --i) text += kinds[draw(kinds.length)];
  return Buffer.from(text);
}
// Bytes of which many are no UTF-8.
function brokenText(draw) {
  const bytes = scriptText(draw);
  for (let i = draw(10); i >= 0 && bytes.length > 0; --i) bytes[draw(bytes.length)] = draw(256);
  return bytes;
}
// What people keep in files: code, prose and data of this very folder and its packages.
function fileTexts() {
  const texts = [];
  const folder = new URL('.', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.js')).map((name) => new URL(name, folder));
  for (const name of ['openai/README.md', 'openai/package.json', 'ai/README.md', 'openai/index.d.ts', 'zod/README.md'])
    files.push(new URL(`node_modules/${name}`, folder));
  for (const file of files) {
    const text = readFileSync(file);
    for (let at = 0; at < text.length; at += 1500) texts.push(text.subarray(at, at + 1500));
  }
  return texts;
}
const runs = () => ['a', ' ', '\n', '=', '7', 'A', '\u0301', '你', 'ab', ' \n']
  .flatMap((unit) => [1, 2, 3, 63, 64, 65, 66, 130, 400].map((n) => Buffer.from(unit.repeat(n)).subarray(0, 512)));

test('two thousand texts and more have the ranks of the reference', () => {
  const draw = chance(8484);
  const texts = [...runs(), ...fileTexts()];
  for (let i = 0; i < 800; ++i) texts.push(scriptText(draw), asciiText(draw), brokenText(draw));
  assert.ok(texts.length >= 2000);

  const input = Buffer.concat(texts.flatMap((text) => [Buffer.from(`${text.length}\n`), text]));
  const lines = execFileSync(encode, { input, maxBuffer: 1 << 28 }).toString().split('\n');
  const reference = get_encoding('o200k_base');
  for (const [i, text] of texts.entries()) {
    const wanted = Array.from(reference.encode(text.toString(), [], [])).join(' ');
    assert.equal(lines[i], wanted, `text ${i}: ${JSON.stringify(text.toString().slice(0, 200))}`);
  }
});
