// What every codec must do, in both directions: read back what it wrote, and stay inside its range whatever the bytes are.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Command, Generation } from '../../../src/protocol/command.ts';
import { ProtocolError } from '../../../src/protocol/protocol-error.ts';
import { Reader } from '../../../src/protocol/reader.ts';
import { Writer } from '../../../src/protocol/writer.ts';

/**
 * Tests a command in one generation. Values must be such that decoding gives them back: without what the generation's wire does not carry.
 * A request or reply of `undefined` stands for an empty body.
 */
export function checkCodec<Request, Reply>(
  command: Command<Request, Reply>,
  generation: Generation,
  requests: fc.Arbitrary<Request>,
  replies: fc.Arbitrary<Reply>,
): void {
  const encodeRequest = (writer: Writer, request: Request) => command.encodeRequest(writer, request, generation);
  const decodeRequest = (reader: Reader) => command.decodeRequest(reader, generation);
  const encodeReply = (writer: Writer, reply: Reply) => command.encodeReply(writer, reply, generation);
  const decodeReply = (reader: Reader) => command.decodeReply(reader, generation);

  test(`${command.name} (${generation}) is decoded as encoded`, () => {
    fc.assert(fc.property(requests, (request) => checkRoundTrip(request, encodeRequest, decodeRequest)));
    fc.assert(fc.property(replies, (reply) => checkRoundTrip(reply, encodeReply, decodeReply)));
  });

  test(`${command.name} (${generation}) survives damaged bodies`, () => {
    fc.assert(fc.property(damaged(requests, encodeRequest), (bytes) => checkContained(bytes, decodeRequest)));
    fc.assert(fc.property(damaged(replies, encodeReply), (bytes) => checkContained(bytes, decodeReply)));
  });
}

export function checkRoundTrip<Value>(
  value: Value,
  encode: (writer: Writer, value: Value) => void,
  decode: (reader: Reader) => Value,
): void {
  const reader = new Reader(encoded(value, encode));
  assert.deepEqual(decode(reader), value);
  assert.equal(reader.remaining, 0);
}

/** Encodings that were cut, lengthened or changed in a few bytes; some are left as they were. */
export function damaged<Value>(values: fc.Arbitrary<Value>, encode: (writer: Writer, value: Value) => void): fc.Arbitrary<Uint8Array> {
  const position = fc.nat(400);
  const byte = fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 5, 0x7f, 0x80, 0xff), fc.nat(255));
  return fc
    .record({
      value: values,
      changes: fc.array(fc.tuple(position, byte), { maxLength: 3 }),
      cut: fc.option(position),
      tail: fc.uint8Array({ maxLength: 9 }),
    })
    .map(({ value, changes, cut, tail }) => {
      const whole = encoded(value, encode);
      const kept = cut === null ? whole : whole.subarray(0, cut % (whole.length + 1));
      const bytes = new Uint8Array(Buffer.concat([kept, tail]));
      for (const [at, changed] of changes) if (bytes.length > 0) bytes[at % bytes.length] = changed;
      return bytes;
    });
}

/** The outcome is a value or a ProtocolError, and does not depend on what surrounds the range. */
export function checkContained(bytes: Uint8Array, decode: (reader: Reader) => unknown): void {
  const alone = outcome(() => decode(new Reader(bytes)));
  for (const filler of [0x00, 0x01, 0xff]) {
    const memory = new Uint8Array(bytes.length + 600).fill(filler);
    memory.set(bytes, 300);
    assert.deepEqual(
      outcome(() => decode(new Reader(memory, 300, 300 + bytes.length))),
      alone,
    );
  }
}

/** A result, or the status of the ProtocolError. Any other error is passed on and fails the test. */
export function outcome<Result>(action: () => Result): { result: Result } | { status: number } {
  try {
    return { result: action() };
  } catch (error) {
    if (ProtocolError.is(error)) return { status: error.status };
    throw error;
  }
}

/** In memory of its own, so that reading past it cannot go unnoticed. */
export function encoded<Value>(value: Value, encode: (writer: Writer, value: Value) => void): Uint8Array {
  const writer = new Writer(1);
  encode(writer, value);
  return new Uint8Array(writer.written);
}
