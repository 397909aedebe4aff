import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { configDocs, configDocsPath } from '../../scripts/make-config-docs.ts';
import { settingKeys } from '../../src/config/key-table.ts';

it('docs/configuration.md is what the schema makes of it (node --import tsx scripts/make-config-docs.ts)', () => {
  assert.equal(readFileSync(configDocsPath, 'utf8'), configDocs());
});

it('every key is documented by a sentence', () => {
  for (const key of settingKeys) assert.match(key.doc, /^[A-Z].*\.$/, key.path);
});

it('no two keys share a variable', () => {
  assert.equal(new Set(settingKeys.map((key) => key.variable)).size, settingKeys.length);
});
