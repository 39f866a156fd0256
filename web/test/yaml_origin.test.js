import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withOrigins } from '../src/yaml_origin.js';

const kYaml = `server:
  listen: 127.0.0.1:8484
auth:
  keys:
    - name: laptop
      models: ["*"]
    - name: phone
providers:
  groq:
    keys:
      - {name: main, value: "***"}
    models:
      "weird:#name":
        rpm: {limit: 30}  # preset, 2026-09-12
      openai/gpt-oss-120b:
        limits: {}
models: {}
`;

test('each line knows its key', () => {
  const paths = withOrigins(kYaml, {}).map((row) => row.path);
  assert.deepEqual(paths, [
    'server', 'server.listen', 'auth', 'auth.keys', 'auth.keys.0.name', 'auth.keys.0.models', 'auth.keys.1.name', 'providers', 'providers.groq',
    'providers.groq.keys', 'providers.groq.keys.0', 'providers.groq.models', 'providers.groq.models.weird:#name',
    'providers.groq.models.weird:#name.rpm', 'providers.groq.models.openai/gpt-oss-120b', 'providers.groq.models.openai/gpt-oss-120b.limits', 'models',
  ]);
});

test('a key that the file sets has its line, the short form of keys, too; others have none', () => {
  const rows = withOrigins(kYaml, { 'server.listen': 2, 'auth.keys.1.name': 7, 'providers.groq.api_key': 9 });
  assert.deepEqual(rows.filter((row) => row.line !== null).map((row) => [row.path, row.line]), [
    ['server.listen', 2], ['auth.keys.1.name', 7], ['providers.groq.keys', 9], ['providers.groq.keys.0', 9],
  ]);
});
