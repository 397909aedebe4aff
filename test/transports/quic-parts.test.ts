import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Deadlines, type Sleeper } from '../../src/transports/quic/deadlines.ts';
import { RetryTokens } from '../../src/transports/quic/retry-token.ts';
import { ReplyBuffer, StreamOutput, type StreamSink } from '../../src/transports/quic/stream-output.ts';
import { TrafficBalance } from '../../src/transports/quic/traffic-balance.ts';

describe('retry tokens', () => {
  const tokens = new RetryTokens(randomBytes(32));
  const original = randomBytes(18);
  const retryId = randomBytes(16);
  const token = tokens.issue(original, retryId, 'peer', 1_000_000);

  it('give the original connection id back', () => {
    assert.deepEqual(tokens.check(token, retryId, 'peer', 1_000_000), original);
    assert.deepEqual(tokens.check(token, retryId, 'peer', 1_010_000), original);
  });

  it('count for their address, their id, their time and their endpoint only', () => {
    assert.equal(tokens.check(token, retryId, 'another', 1_000_000), undefined);
    assert.equal(tokens.check(token, randomBytes(16), 'peer', 1_000_000), undefined);
    assert.equal(tokens.check(token, retryId, 'peer', 1_010_001), undefined);
    assert.equal(new RetryTokens(randomBytes(32)).check(token, retryId, 'peer', 1_000_000), undefined);
  });

  it('with any byte changed, cut or made up are refused', () => {
    for (let at = 0; at < token.length; at++) {
      const changed = Buffer.from(token);
      changed[at] = (changed[at] as number) ^ 1;
      assert.equal(tokens.check(changed, retryId, 'peer', 1_000_000), undefined);
      assert.equal(tokens.check(token.subarray(0, at), retryId, 'peer', 1_000_000), undefined);
    }
    assert.equal(tokens.check(randomBytes(200), retryId, 'peer', 1_000_000), undefined);
  });
});

describe('the traffic balance', () => {
  const KiB = 1024;
  const balance = () => new TrafficBalance(1024 * KiB, 16 * 1024 * KiB);

  it('lets a handshake have 64 KiB and no more', () => {
    const handshake = balance();
    handshake.receivedBytes = 64 * KiB;
    assert.equal(handshake.exceeded, false);
    handshake.receivedBytes++;
    assert.equal(handshake.exceeded, true);
  });

  it('lets a window full of data wait for a lost packet', () => {
    const uploading = balance();
    uploading.established = true;
    uploading.receivedBytes = 1_000 * KiB;
    assert.equal(uploading.exceeded, false);
    uploading.receivedBytes = 1_089 * KiB;
    assert.equal(uploading.exceeded, true);
  });

  it('lets a long transfer have a quarter of overhead, and acknowledgements of what was sent', () => {
    const long = balance();
    long.established = true;
    long.deliveredBytes = 1_000_000 * KiB;
    long.receivedBytes = 1_250_000 * KiB;
    assert.equal(long.exceeded, false);
    long.receivedBytes = 1_300_000 * KiB;
    assert.equal(long.exceeded, true);
    long.sentBytes = 400_000 * KiB;
    assert.equal(long.exceeded, false);
  });
});

describe('deadlines', () => {
  const sleeper = (deadlineMs: number, wake: (nowMs: number) => void = () => undefined): Sleeper => ({
    deadlineMs,
    scheduledMs: Number.POSITIVE_INFINITY,
    heapIndex: -1,
    wake,
  });

  it('wake each sleeper once its time has come, never before, in whatever order times change', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(40), fc.nat(40)), { minLength: 1, maxLength: 40 }), async (times) => {
        const woken = new Map<Sleeper, number>();
        let rounds = 0;
        const start = performance.now();
        const deadlines = new Deadlines(
          () => performance.now() - start,
          () => {
            rounds++;
          },
        );
        const sleepers = times.map(([first]) => {
          const made: Sleeper = sleeper(first, (nowMs) => {
            woken.set(made, nowMs);
            made.deadlineMs = Number.POSITIVE_INFINITY;
          });
          deadlines.update(made);
          return made;
        });
        for (const [index, [, second]] of times.entries()) {
          const moved = sleepers[index] as Sleeper;
          moved.deadlineMs = second;
          deadlines.update(moved);
        }
        const until = performance.now() + 3_000;
        while (woken.size < sleepers.length && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 2));
        for (const [index, [, second]] of times.entries()) assert.ok((woken.get(sleepers[index] as Sleeper) ?? -1) >= second);
        assert.equal(deadlines.size, 0);
        assert.ok(rounds > 0);
        deadlines.close();
      }),
      { numRuns: 20 },
    );
  });

  it('hold nothing of a sleeper that was removed', () => {
    const deadlines = new Deadlines(
      () => 0,
      () => undefined,
    );
    const sleepers = Array.from({ length: 100 }, (_, index) => sleeper(1_000 + ((index * 37) % 100)));
    for (const one of sleepers) deadlines.update(one);
    for (const one of sleepers.filter((_, index) => index % 2 === 0)) deadlines.remove(one);
    assert.equal(deadlines.size, 50);
    for (const one of sleepers) deadlines.remove(one);
    assert.equal(deadlines.size, 0);
    deadlines.close();
  });
});

describe('the output of a stream', () => {
  /** Takes as many bytes as it is allowed to. */
  class Peer implements StreamSink {
    allowance = Number.POSITIVE_INFINITY;
    gone = false;
    unsent = 0;
    ended = false;
    readonly taken: Buffer[] = [];

    sendBytes(bytes: Uint8Array, fin: boolean): number | undefined {
      if (this.gone) return undefined;
      if (this.allowance === 0 && bytes.length > 0) return -1;
      const count = Math.min(bytes.length, this.allowance);
      this.allowance -= count;
      this.taken.push(Buffer.from(bytes.subarray(0, count)));
      if (fin && count === bytes.length) this.ended = true;
      return count;
    }

    unsentChanged(difference: number): void {
      this.unsent += difference;
    }
  }

  const write = (output: StreamOutput, text: string): void => {
    const at = output.reserve(text.length);
    output.buffer.write(text, at, 'latin1');
  };

  it('brings all bytes in order through any window, several streams sharing one buffer', () => {
    const part = fc.oneof(
      fc.record({ kind: fc.constant('reserve' as const), bytes: fc.oneof(fc.nat(40), fc.constant(70_000)) }),
      fc.record({ kind: fc.constant('send' as const), bytes: fc.nat(100) }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), part), { maxLength: 30 }), fc.array(fc.nat(300), { maxLength: 20 }), (parts, windows) => {
        const shared = new ReplyBuffer();
        const streams = Array.from({ length: 3 }, () => {
          const peer = new Peer();
          peer.allowance = 0;
          return { peer, output: new StreamOutput(peer, shared), expected: '', lent: 0 };
        });
        for (const [index, [which, { kind, bytes }]] of parts.entries()) {
          const stream = streams[which] as (typeof streams)[number];
          const text = String.fromCharCode(97 + (index % 26)).repeat(bytes);
          stream.expected += text;
          if (kind === 'reserve') write(stream.output, text);
          else {
            stream.lent++;
            stream.output.send(Buffer.from(text), () => {
              stream.lent--;
            });
          }
        }
        for (const stream of streams) stream.output.finish();
        for (const window of [...windows, Number.POSITIVE_INFINITY]) {
          for (const { peer, output } of streams) {
            peer.allowance = window;
            output.drain();
          }
        }
        for (const { peer, output, expected, lent } of streams) {
          assert.equal(Buffer.concat(peer.taken).toString('latin1'), expected);
          assert.deepEqual([peer.ended, output.finished, peer.unsent, lent], [true, true, 0, 0]);
        }
        assert.equal(shared.owner, undefined);
      }),
      { numRuns: 200 },
    );
  });

  it('lets go of everything when the peer wants no more', () => {
    const peer = new Peer();
    const output = new StreamOutput(peer, new ReplyBuffer());
    let lent = 1;
    write(output, 'head');
    output.send(Buffer.from('tail'), () => {
      lent--;
    });
    peer.gone = true;
    output.finish();
    assert.deepEqual([output.finished, peer.unsent, lent], [true, 0, 0]);
    write(output, 'late');
    output.finish();
    assert.deepEqual([output.finished, peer.unsent], [true, 0]);
  });

  it('serves the next stream after a reset', () => {
    const peer = new Peer();
    const output = new StreamOutput(peer, new ReplyBuffer());
    write(output, 'one');
    output.finish();
    output.reset();
    write(output, 'two');
    output.finish();
    assert.equal(Buffer.concat(peer.taken).toString(), 'onetwo');
  });
});
