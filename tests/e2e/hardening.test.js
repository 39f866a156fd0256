// What the linker and the compiler put into the binary that ships, so that a bug is harder to use.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { binary, isSanitized } from './support/weir.js';

function readelf(...options) {
  return execFileSync('readelf', ['--wide', ...options, binary], { encoding: 'utf8', maxBuffer: 2 ** 28 });
}

test('the binary is hardened', (t) => {
  if (isSanitized) return t.skip('a sanitizer takes the place of all this');
  let symbols;
  try {
    symbols = readelf('--dyn-syms');
  } catch (error) {
    if (error.code === 'ENOENT') return t.skip('there is no readelf (package binutils)');
    throw error;
  }
  assert.match(readelf('--file-header'), /Type: +DYN/, 'its addresses are random (PIE)');
  const segments = readelf('--program-headers');
  assert.match(segments, /^ +GNU_STACK .* RW +0x/m, 'its stack is no code');
  assert.doesNotMatch(segments, /^ +LOAD .* RWE /m, 'nothing is both writable and code');
  assert.match(segments, /^ +GNU_RELRO /m, 'what the loader wrote is read-only then');
  const dynamic = readelf('--dynamic');
  assert.match(dynamic, /\(FLAGS\).*BIND_NOW/, 'and that is all of it');
  assert.match(dynamic, /Flags:.* PIE/);
  assert.doesNotMatch(dynamic, /TEXTREL|RPATH|RUNPATH/, 'no library comes from where the binary was built');
  assert.match(symbols, / __stack_chk_fail/, 'a stack that was overrun ends the process');
  assert.match(symbols, / __(memcpy|snprintf|vsnprintf|memmove)_chk/, 'and so does a buffer of known size');
});
