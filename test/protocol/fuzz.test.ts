import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Command, Generation } from '../../src/protocol/command.ts';
import { classicCommands, sharedCommands, vsrCommands } from '../../src/protocol/commands/registry.ts';
import { readResult } from '../../src/protocol/frame/result.ts';
import { decodeUserHeaders } from '../../src/protocol/primitives/user-headers.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';
import { Reader } from '../../src/protocol/reader.ts';
import { classicVectors, vsrVectors } from './support/vector-files.ts';

const wires: readonly (readonly [Generation, readonly Command<unknown, unknown>[]])[] = [
  ['classic', [...sharedCommands, ...classicCommands]],
  ['vsr', [...sharedCommands, ...vsrCommands]],
];

/** Small numbers at the front, so that kinds, flags and lengths are often valid. */
const hostileBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .array(fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 4 }) }, fc.integer({ min: 0, max: 255 })), { maxLength: 200 })
    .map((bytes) => Uint8Array.from(bytes)),
);

function decodesOrRefuses(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
  try {
    decode(bytes);
  } catch (error) {
    assert.ok(ProtocolError.is(error), `threw ${error}`);
  }
}

for (const [generation, commands] of wires) {
  test(`${generation} decoders throw nothing but ProtocolError on random bytes`, () => {
    for (const command of commands) {
      fc.assert(
        fc.property(hostileBytes, (bytes) => {
          decodesOrRefuses((body) => command.decodeRequest(new Reader(body), generation), bytes);
          decodesOrRefuses((body) => command.decodeReply(new Reader(body), generation), bytes);
        }),
        { numRuns: 60 },
      );
    }
  });

  test(`${generation} decoders throw nothing but ProtocolError on valid bodies that are cut or changed`, () => {
    const bodies =
      generation === 'classic'
        ? classicVectors().map(({ frame }) => frame.subarray(8))
        : vsrVectors().map(({ frame }) => frame.subarray(256));
    fc.assert(
      fc.property(fc.constantFrom(...bodies), fc.nat(), fc.nat(), fc.integer({ min: 0, max: 255 }), (body, cut, position, value) => {
        const changed = new Uint8Array(body.subarray(0, body.length - (cut % (body.length + 1))));
        if (changed.length > 0) changed[position % changed.length] = value;
        for (const command of commands) {
          decodesOrRefuses((bytes) => command.decodeRequest(new Reader(bytes), generation), changed);
          decodesOrRefuses((bytes) => command.decodeReply(new Reader(bytes), generation), changed);
        }
      }),
      { numRuns: 300 },
    );
  });
}

test('user headers and result sections throw nothing but ProtocolError on random bytes', () => {
  fc.assert(
    fc.property(hostileBytes, (bytes) => {
      decodesOrRefuses(decodeUserHeaders, bytes);
      decodesOrRefuses((body) => readResult(new Reader(body)), bytes);
    }),
    { numRuns: 1000 },
  );
});
