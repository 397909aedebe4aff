import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Clock } from '../../src/streaming/clock.ts';
import { SendRoom } from '../../src/streaming/send-room.ts';
import { type SendWaiter, type SendWindow, windowEntriesMin, windowNumbers } from '../../src/streaming/send-window.ts';
import { SendWindows, windowKeptMs } from '../../src/streaming/send-windows.ts';
import { PlainCounter } from '../../src/streaming/thread-sharing.ts';
import type { Topic } from '../../src/streaming/topic.ts';
import { BorrowedWindow } from '../../src/workers/borrowed-window.ts';
import { plentyOfMemory } from './support/plenty-of-memory.ts';

const topic = { streamId: 1, id: 2 } as Topic;
const otherTopic = { streamId: 1, id: 3 } as Topic;

let nowMs: number;
let clock: Clock;

beforeEach(() => {
  nowMs = 1_000_000;
  clock = { nowMs: () => nowMs, nowMicros: () => BigInt(nowMs) * 1000n };
});

interface Heard extends SendWaiter {
  answers: (number | string)[];
}

function waiter(): Heard {
  const answers: (number | string)[] = [];
  return {
    answers,
    appended: (_stream, _topic, _partition, offset) => answers.push(offset),
    fail: (status) => answers.push(`status ${status}`),
  };
}

function send(window: SendWindow, number: number): void {
  window.makeRoom();
  window.stored(number, topic, 0, number * 10);
}

/** What a request of this number gets: an offset, `new`, `waits`, or `refused`. */
function outcome(window: SendWindow, number: number): number | string {
  const asked = waiter();
  try {
    if (!window.answer(number, topic, asked)) return 'new';
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'request-already-applied');
    return 'refused';
  }
  return asked.answers[0] ?? 'waits';
}

const bytesOf = (entries: number) => entries * 28;

class LimitedMemory {
  left: number;

  constructor(bytes: number) {
    this.left = bytes;
  }

  takeMemory(bytes: number): boolean {
    if (bytes > this.left) return false;
    this.left -= bytes;
    return true;
  }

  giveMemory(bytes: number): void {
    this.left += bytes;
  }
}

describe('the window of a client', () => {
  it('tells repeated requests from new ones, late ones included', () => {
    const window = new SendWindows(10_000, clock, plentyOfMemory).enter(1n, 0);
    assert.equal(outcome(window, 1), 'new');
    for (const number of [1, 2, 5]) send(window, number);
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6].map((number) => outcome(window, number)),
      [10, 20, 'new', 'new', 50, 'new'],
    );
  });

  it('covers 1024 numbers, and refuses those below', () => {
    const window = new SendWindows(10_000, clock, plentyOfMemory).enter(1n, 0);
    for (let number = 1; number <= windowNumbers; number++) send(window, number);
    assert.equal(outcome(window, 1), 10);
    assert.equal(window.capacity, windowNumbers);
    send(window, windowNumbers + 1);
    assert.equal(outcome(window, 1), 'refused');
    assert.equal(outcome(window, 2), 20);
    send(window, 10 * windowNumbers);
    assert.equal(outcome(window, 9 * windowNumbers), 'refused', 'also a number that was never seen');
    assert.equal(outcome(window, 9 * windowNumbers + 1), 'new');
    assert.equal(outcome(window, windowNumbers + 1), 'refused', 'also one that happens to be there');
  });

  it('lets those who repeat a request under way wait for its outcome', () => {
    const window = new SendWindows(10_000, clock, plentyOfMemory).enter(1n, 0);
    window.makeRoom();
    window.begin(1, topic, 3);
    const [first, second] = [waiter(), waiter()];
    assert.ok(window.answer(1, topic, first));
    assert.ok(window.answer(1, topic, second));
    assert.deepEqual([first.answers, second.answers], [[], []]);
    window.stored(1, topic, 3, 70);
    assert.deepEqual([first.answers, second.answers], [[70], [70]]);
    assert.equal(outcome(window, 1), 70);
  });

  it('shares a failure, after which the number is free', () => {
    const window = new SendWindows(10_000, clock, plentyOfMemory).enter(1n, 0);
    window.makeRoom();
    window.begin(1, topic, 0);
    const waiting = waiter();
    window.answer(1, topic, waiting);
    window.failed(1, 10005);
    assert.deepEqual(waiting.answers, ['status 10005']);
    assert.equal(outcome(window, 1), 'new');
  });

  it('refuses a number that was used for another topic', () => {
    const window = new SendWindows(10_000, clock, plentyOfMemory).enter(1n, 0);
    send(window, 1);
    assert.throws(() => window.answer(1, otherTopic, waiter()), { code: 'request-already-applied' });
  });

  it('made again from records that do not reach back far enough refuses what may lie before them', () => {
    const windows = new SendWindows(10_000, clock, plentyOfMemory);
    const window = windows.restored(1n, 0) as SendWindow;
    for (const number of [500, 502]) window.restore(number, topic, 0, number * 10);
    window.restore(500, topic, 0, 7);
    window.forget(499);
    assert.deepEqual(
      [499, 500, 501, 502, 503].map((number) => outcome(window, number)),
      ['refused', 5000, 'new', 5020, 'new'],
    );
    assert.equal(windows.enter(1n, 0), window);
  });

  it('agrees with a model, however much room there is', () => {
    const step = fc.record({
      back: fc.oneof(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -1500, max: 300 })),
      store: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), fc.constantFrom(64, 128, 300, 10_000), (steps, entriesMax) => {
        const window = new SendWindows(entriesMax, clock, plentyOfMemory).enter(1n, 0);
        const stored = new Map<number, number>();
        let highest = 0;
        for (const { back, store } of steps) {
          const number = Math.max(1, highest - back);
          const seen = outcome(window, number);
          const known = stored.get(number);
          if (number > highest) assert.equal(seen, 'new');
          else if (number <= highest - windowNumbers) assert.equal(seen, 'refused');
          else if (entriesMax > windowNumbers) assert.equal(seen, known ?? 'new');
          // With less room it may have forgotten, but never takes a stored request for a new one.
          else assert.ok(seen === 'refused' || seen === (known ?? 'new'), `${seen}`);
          if (seen !== 'new' || !store) continue;
          send(window, number);
          stored.set(number, number * 10);
          highest = Math.max(highest, number);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('the windows of all clients', () => {
  it('outlive a lost connection by ten minutes', () => {
    const windows = new SendWindows(10_000, clock, plentyOfMemory);
    const window = windows.enter(7n, 1);
    send(window, 1);
    windows.leave(window);
    nowMs += windowKeptMs - 1;
    assert.equal(outcome(windows.enter(7n, 1), 1), 10);
    windows.leave(window);
    nowMs += windowKeptMs;
    assert.equal(outcome(windows.enter(7n, 1), 1), 'new');
    assert.equal(windows.entries, 0);
  });

  it('stay as long as the client is connected', () => {
    const windows = new SendWindows(10_000, clock, plentyOfMemory);
    const window = windows.enter(7n, 1);
    send(window, 1);
    nowMs += 10 * windowKeptMs;
    windows.leave(windows.enter(8n, 1));
    assert.equal(outcome(window, 1), 10);
    assert.equal(windows.enter(7n, 1), window);
  });

  it('are those of a client id and a user', () => {
    const windows = new SendWindows(10_000, clock, plentyOfMemory);
    send(windows.enter((1n << 128n) - 1n, 1), 1);
    assert.equal(outcome(windows.enter((1n << 128n) - 1n, 2), 1), 'new');
    assert.equal(outcome(windows.enter((1n << 128n) - 2n, 1), 1), 'new');
    assert.equal(outcome(windows.enter((1n << 128n) - 1n, 1), 1), 10);
  });

  it('name the client as headers do', () => {
    const { clientIdBytes } = new SendWindows(10_000, clock, plentyOfMemory).enter(0x1000_0000_0000_0000_0000_0000_0000_0002n, 5);
    assert.equal(clientIdBytes.toString('hex'), '02000000000000000000000000000010');
  });

  it('of clients that never sent take nothing', () => {
    const windows = new SendWindows(10_000, clock, plentyOfMemory);
    for (let id = 1n; id < 1000n; id++) windows.leave(windows.enter(id, 0));
    assert.equal(windows.entries, 0);
    assert.notEqual(windows.enter(1n, 0), windows.enter(2n, 0));
  });

  it('at the limit drop the clients that left longest ago', () => {
    const windows = new SendWindows(3 * windowEntriesMin, clock, plentyOfMemory);
    const [first, second, third] = [1n, 2n, 3n].map((id) => windows.enter(id, 0)) as [SendWindow, SendWindow, SendWindow];
    for (const window of [first, second, third]) send(window, 1);
    assert.equal(windows.entries, windows.entriesMax);
    windows.leave(second);
    windows.leave(first);
    send(windows.enter(4n, 0), 1);
    assert.equal(windows.entries, windows.entriesMax);
    assert.equal(outcome(windows.enter(1n, 0), 1), 10);
    assert.equal(outcome(windows.enter(2n, 0), 1), 'new');
  });

  it('of connected clients stop growing at the limit; a first entry is then refused for the time being', () => {
    const windows = new SendWindows(2 * windowEntriesMin, clock, plentyOfMemory);
    const window = windows.enter(1n, 0);
    const other = windows.enter(2n, 0);
    send(other, 1);
    for (let number = 1; number <= windowEntriesMin; number++) send(window, number);
    assert.equal(outcome(window, 1), 10);
    send(window, windowEntriesMin + 1);
    assert.equal(window.capacity, windowEntriesMin);
    assert.equal(outcome(window, 1), 'refused');
    assert.equal(outcome(window, 2), 20);
    assert.throws(() => windows.enter(3n, 0).makeRoom(), { code: 'transient-not-accepted' });
    windows.drop(other);
    windows.enter(3n, 0).makeRoom();
    assert.equal(windows.entries, windows.entriesMax);
  });

  it('windows of clients that are gone make room where memory is short, and all of it is given back', () => {
    const memory = new LimitedMemory(bytesOf(2 * windowEntriesMin));
    const windows = new SendWindows(10_000, clock, memory);
    const [gone, stays, late, later] = [1n, 2n, 3n, 4n].map((id) => windows.enter(id, 0)) as [
      SendWindow,
      SendWindow,
      SendWindow,
      SendWindow,
    ];
    send(gone, 1);
    send(stays, 1);
    assert.equal(memory.left, 0);
    assert.throws(() => late.makeRoom(), { status: 58 });
    windows.leave(gone);
    send(late, 1);
    assert.equal(outcome(windows.enter(1n, 0), 1), 'new');
    assert.equal(outcome(stays, 1), 10);
    assert.throws(() => later.makeRoom(), { status: 58 });
    for (const window of [stays, late]) windows.drop(window);
    assert.equal(memory.left, bytesOf(2 * windowEntriesMin));
  });

  it('what a borrower took for a window to grow is given back with the window, once its client is gone', () => {
    const bytesMax = bytesOf(3 * windowNumbers);
    const memory = new LimitedMemory(bytesMax);
    const counter = new PlainCounter();
    const windows = new SendWindows(10_000, clock, memory, counter);
    const room = new SendRoom(10_000, memory, counter);
    const window = windows.enter(1n, 0);
    send(window, 1);
    const borrowed = new BorrowedWindow(window.key, {
      takeRoom: (entries) => room.take(entries),
      giveBack: (key, contents) => windows.giveBack(key, contents, () => topic),
      sent: () => assert.fail('nothing was under way'),
    });
    const borrower = { sent: () => assert.fail('nothing was under way') };
    borrowed.load(windows.lend(window, borrower), () => topic);
    for (let number = 2; number <= windowNumbers; number++) send(borrowed, number);
    assert.equal(borrowed.capacity, windowNumbers);
    assert.deepEqual([windows.entries, bytesMax - memory.left], [windowNumbers, bytesOf(windowNumbers)]);
    windows.drop(window);
    assert.equal(windows.entries, windowNumbers, 'the borrower has it still');
    borrowed.giveBack();
    assert.deepEqual([windows.entries, memory.left], [0, bytesMax]);
  });

  it('a window on loan grows no further than there is memory, and windows of clients that are gone are forgotten ahead for it', () => {
    const memory = new LimitedMemory(bytesOf(windowNumbers));
    const counter = new PlainCounter();
    const windows = new SendWindows(10_000, clock, memory, counter);
    const room = new SendRoom(10_000, memory, counter);
    const [gone, lent] = [windows.enter(1n, 0), windows.enter(2n, 0)];
    send(gone, 1);
    windows.leave(gone);
    const borrowed = new BorrowedWindow(lent.key, { takeRoom: (entries) => room.take(entries), giveBack: () => {}, sent: () => {} });
    borrowed.load(windows.lend(lent, { sent: () => {} }), () => topic);
    assert.equal(memory.left, bytesOf(windowNumbers));
    memory.left = bytesOf(2 * windowEntriesMin);
    for (let number = 1; number <= windowNumbers; number++) send(borrowed, number);
    assert.deepEqual([borrowed.capacity, memory.left], [2 * windowEntriesMin, 0]);
    assert.equal(outcome(borrowed, 1), 'refused');
    assert.equal(outcome(borrowed, windowNumbers), windowNumbers * 10);
  });
});
