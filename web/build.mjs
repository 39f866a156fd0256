// Bundles the dashboard:  node build.mjs FOLDER
//
// Writes app.js, app.css and index.html, each with its .gz beside it, and assets.inc: the rows of a table for
// src/dashboard/built_in_assets.cpp. The page names the other two with their hashes, so that browsers may keep them.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const kLargest = 60_000; // bytes over the wire, all three together
const here = path.dirname(fileURLToPath(import.meta.url));

async function bundle() {
  const result = await build({
    absWorkingDir: here,
    entryPoints: { app: 'src/main.jsx' },
    outdir: 'out',
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: ['chrome100', 'firefox100', 'safari15'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
  });
  return Object.fromEntries(result.outputFiles.map((file) => [path.basename(file.path), Buffer.from(file.contents)]));
}

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 16);
const hashed = (name, bytes) => name.replace('.', `.${digest(bytes)}.`);

export async function make(folder) {
  const files = await bundle();
  const script = `/assets/${hashed('app.js', files['app.js'])}`;
  const style = `/assets/${hashed('app.css', files['app.css'])}`;
  const page = readFileSync(path.join(here, 'src/index.html'), 'utf8').replace('SCRIPT', script).replace('STYLE', style);
  const assets = [
    { file: 'index.html', url: '/', type: 'text/html; charset=utf-8', bytes: Buffer.from(page) },
    { file: 'app.js', url: script, type: 'text/javascript; charset=utf-8', bytes: files['app.js'] },
    { file: 'app.css', url: style, type: 'text/css; charset=utf-8', bytes: files['app.css'] },
  ];
  mkdirSync(folder, { recursive: true });
  let sent = 0;
  let rows = '// Made by web/build.mjs: path, type, hash, the bytes, and the same in gzip.\n';
  for (const { file, url, type, bytes } of assets) {
    const packed = gzipSync(bytes, { level: 9 });
    sent += packed.length;
    writeFileSync(path.join(folder, file), bytes);
    writeFileSync(path.join(folder, `${file}.gz`), packed);
    const symbol = `weir_${file.replace('.', '_')}`;
    rows += `Asset{"${url}", "${type}", "${digest(bytes)}", {${symbol}, ${bytes.length}}, {${symbol}_gz, ${packed.length}}},\n`;
  }
  if (sent > kLargest) throw new Error(`the dashboard has grown to ${sent} bytes in gzip, more than ${kLargest}`);
  writeFileSync(path.join(folder, 'assets.inc'), rows);
  return { sent, assets };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.length !== 3) {
    console.error('usage: node build.mjs FOLDER');
    process.exit(2);
  }
  const { sent } = await make(process.argv[2]);
  console.log(`The dashboard: ${sent} bytes in gzip`);
}
