import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameSplitter } from '../../src/client/connection/frame-splitter.ts';

const headerBytes = 8;
const framing = { headerBytes, frameBytes: (bytes: Buffer, at: number) => bytes.readUInt32LE(at) };

/** A frame of so many bytes, each of which but the length is `fill`. */
function frame(bytes: number, fill: number): Buffer {
  const made = Buffer.alloc(bytes, fill);
  made.writeUInt32LE(bytes);
  return made;
}

/** Reads `bytes` into the splitter's rooms, at most `piece` at once. */
function read(splitter: FrameSplitter, bytes: Buffer, piece: number, onFrame: (frame: Buffer) => boolean): void {
  for (let at = 0; at < bytes.length; ) {
    const room = splitter.room();
    const length = bytes.copy(room, 0, at, Math.min(bytes.length, at + piece));
    assert.ok(length > 0, 'a room has room');
    splitter.filled(room, length, onFrame);
    at += length;
  }
}

const sizes = [headerBytes, 9, 20_000, 300, 6_000_000, 8, 70_000, 65_536, 100_000, 31];
const frames = sizes.map((bytes, index) => frame(bytes, index + 1));
const stream = Buffer.concat(frames);

for (const piece of [1, 7, 1000, 65_536, 1_000_000, stream.length]) {
  // Pieces of a few bytes of a large frame take too long.
  const sent = piece < 1000 ? frames.filter(({ length }) => length < 30_000) : frames;

  test(`frames that are read ${piece} bytes at a time come out whole, and later ones do not touch them`, () => {
    const splitter = new FrameSplitter(framing);
    const got: Buffer[] = [];
    read(splitter, Buffer.concat(sent), piece, (each) => got.push(each) > 0);
    assert.deepEqual(
      got.map((each) => each.length),
      sent.map((each) => each.length),
    );
    for (const [index, each] of got.entries()) assert.ok(each.equals(sent[index] as Buffer), `frame ${index}`);
  });

  test(`frames in chunks of ${piece} bytes come out whole`, () => {
    const splitter = new FrameSplitter(framing);
    const got: Buffer[] = [];
    const bytes = Buffer.concat(sent);
    for (let at = 0; at < bytes.length; at += piece) splitter.push(bytes.subarray(at, at + piece), (each) => got.push(each) > 0);
    assert.deepEqual(
      got.map((each) => each.length),
      sent.map((each) => each.length),
    );
    for (const [index, each] of got.entries()) assert.ok(each.equals(sent[index] as Buffer), `frame ${index}`);
  });
}

test('an announced length costs no more than 4 MiB until its bytes arrive', () => {
  const splitter = new FrameSplitter(framing);
  const head = Buffer.alloc(headerBytes);
  head.writeUInt32LE(0xffff_fff0);
  read(splitter, head, headerBytes, () => true);
  assert.equal(splitter.room().buffer.byteLength, 4 * 1024 * 1024);
});

test('no further frame is handed on once one is refused', () => {
  const splitter = new FrameSplitter(framing);
  let seen = 0;
  read(splitter, Buffer.concat([frame(10, 1), frame(10, 2)]), 20, () => {
    seen++;
    return false;
  });
  assert.equal(seen, 1);
});

test('the memory of a frame that was given back is that of the next large one', () => {
  const splitter = new FrameSplitter(framing);
  const got: Buffer[] = [];
  const receive = (bytes: Buffer) => {
    read(splitter, bytes, 65_536, (each) => got.push(each) > 0);
    return got.at(-1) as Buffer;
  };
  const first = receive(frame(200_000, 1));
  splitter.recycle(first.subarray(headerBytes));
  splitter.recycle(first.subarray(headerBytes));
  const small = receive(frame(100, 2));
  const second = receive(frame(150_000, 3));
  const third = receive(frame(150_000, 4));
  assert.equal(second.buffer, first.buffer);
  assert.notEqual(third.buffer, first.buffer);
  assert.ok(small.equals(frame(100, 2)));
  assert.ok(second.equals(frame(150_000, 3)));
  assert.ok(third.equals(frame(150_000, 4)));
});

test('memory that is not of one gathered frame cannot be given back', () => {
  const splitter = new FrameSplitter(framing);
  const strange = Buffer.alloc(200_000);
  splitter.recycle(strange);
  const got: Buffer[] = [];
  read(splitter, frame(150_000, 1), 65_536, (each) => got.push(each) > 0);
  assert.notEqual(got[0]?.buffer, strange.buffer);
});
