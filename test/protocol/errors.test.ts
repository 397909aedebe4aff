import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { errorDocs, errorDocsPath } from '../../scripts/make-error-docs.ts';
import { type ErrorName, errorCodes, errorName, errorTable } from '../../src/protocol/errors.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';

test('numbers and names are unique, so that each leads to the other', () => {
  const names = Object.keys(errorTable) as ErrorName[];
  assert.equal(new Set(Object.values(errorCodes)).size, names.length);
  for (const name of names) {
    assert.match(name, /^[a-z0-9]+(-[a-z0-9]+)*$/);
    assert.equal(errorName(errorCodes[name]), name);
  }
});

test('the numbers that clients act upon are those of Iggy', () => {
  const expected: [ErrorName, number][] = [
    ['invalid-command', 3],
    ['invalid-format', 4],
    ['feature-unavailable', 5],
    ['disconnected', 8],
    ['resource-not-found', 20],
    ['stale-client', 30],
    ['unauthenticated', 40],
    ['unauthorized', 41],
    ['invalid-credentials', 42],
    ['transient-not-committed', 57],
    ['transient-not-accepted', 58],
    ['request-already-applied', 59],
    ['stream-id-not-found', 1009],
    ['topic-id-not-found', 2010],
    ['partition-not-found', 3007],
    ['too-many-consumer-offsets', 3024],
    ['unsupported-option-key', 4041],
    ['consumer-group-id-not-found', 5000],
    ['consumer-group-member-not-found', 5006],
    ['incompatible-protocol-version', 14003],
  ];
  for (const [name, status] of expected) assert.equal(errorCodes[name], status);
});

test('success and unknown numbers have no name', () => {
  assert.equal(errorName(0), undefined);
  assert.equal(errorName(1011), 'stream-directory-not-found');
  assert.equal(errorName(65_535), undefined);
});

test('an error carries its name and its number, and is known across copies of the class', () => {
  const error = new ProtocolError('stream-id-not-found', 'orders');
  assert.equal(error.code, 'stream-id-not-found');
  assert.equal(error.status, 1009);
  assert.equal(error.message, 'stream-id-not-found: orders');
  assert.ok(ProtocolError.is(error));
  assert.ok(ProtocolError.is({ [Symbol.for('galgo.ProtocolError')]: true }));
  assert.ok(!ProtocolError.is(new Error('other')));
  assert.ok(!ProtocolError.is(null));
});

test('docs/errors.md is what scripts/make-error-docs.ts writes', () => {
  assert.equal(readFileSync(errorDocsPath, 'utf8'), errorDocs());
});
