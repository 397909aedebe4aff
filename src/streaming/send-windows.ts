// The windows of all VSR clients (send-window.ts): whose they are, how long they stay, how much they may hold together.
//
// A window belongs to a client id and user, not to a connection, and outlives a lost connection by ten minutes. Logging out ends it. Where the entries of all windows reach the
// limit, or memory is short, those of clients that left longest ago make room first; after that windows no longer grow, and so cover fewer numbers.
//
// The window of a client that a worker thread serves is lent to that worker while the client is logged in. What is here meanwhile is only its place. A send that was under way
// when the window came back is told of afterwards, to whoever has the window then.

import { errorCodes } from '../protocol/errors.ts';
import type { Clock } from './clock.ts';
import type { MessageTopic } from './message-topic.ts';
import { type SendMemory, SendRoom } from './send-room.ts';
import { SendWindow, type SendWindowContents, type TopicKey, windowEntriesMin, windowNumbers } from './send-window.ts';
import type { Counter } from './thread-sharing.ts';

/** Milliseconds that a window outlives its client's connection. */
export const windowKeptMs = 10 * 60_000;

/** What became of a send that was under way when its window was given back. */
export interface LateSend {
  /** The window's. */
  key: bigint;
  number: number;
  /** Of a failed send; else 0, and the rest says where it is stored. */
  status: number;
  topic: TopicKey;
  partitionId: number;
  offset: number;
}

/** Who has a window on loan. */
export interface WindowBorrower {
  sent(send: LateSend): void;
}

interface Loan {
  readonly borrower: WindowBorrower;
  readonly waiting: (() => void)[];
  /** The client is gone for good. */
  dropped: boolean;
}

export class SendWindows {
  readonly #room: SendRoom;
  readonly #clock: Clock;
  readonly #windows = new Map<bigint, SendWindow>();
  /** Since when nobody is connected, milliseconds since 1970; the longest ago first. */
  readonly #leftMs = new Map<SendWindow, number>();
  readonly #loans = new Map<SendWindow, Loan>();

  /** `entriesMax`: of all windows together. `entries` counts them. */
  constructor(entriesMax: number, clock: Clock, memory: SendMemory, entries?: Counter) {
    this.#room = new SendRoom(entriesMax, memory, entries);
    this.#clock = clock;
  }

  get entriesMax(): number {
    return this.#room.entriesMax;
  }

  /** Entries that all windows have room for. */
  get entries(): number {
    return this.#room.entries;
  }

  /** The window of a client that logs in: the one that it left, or a new one. */
  enter(clientId: bigint, userId: number): SendWindow {
    this.#expire();
    const window = this.#windowOf(keyOf(clientId, userId));
    this.#leftMs.delete(window);
    return window;
  }

  /** A client is gone and may come back. */
  leave(window: SendWindow): void {
    this.#expire();
    if (window.capacity === 0 && !this.#loans.has(window)) this.drop(window);
    else if (this.#windows.get(window.key) === window) this.#leftMs.set(window, this.#clock.nowMs());
    if (this.#loans.size > 0) this.makeRoomAhead();
  }

  /** A client is gone for good. */
  drop(window: SendWindow): void {
    if (this.#windows.get(window.key) !== window) return;
    const loan = this.#loans.get(window);
    if (loan !== undefined) {
      loan.dropped = true;
      return;
    }
    this.#windows.delete(window.key);
    this.#leftMs.delete(window);
    this.#room.give(window.capacity);
  }

  isLent(window: SendWindow): boolean {
    return this.#loans.has(window);
  }

  /** Lends a window that is not lent. */
  lend(window: SendWindow, borrower: WindowBorrower): SendWindowContents {
    this.#loans.set(window, { borrower, waiting: [], dropped: false });
    this.makeRoomAhead();
    return window.contents();
  }

  /** Windows on loan grow without asking here: there should always be room for it. */
  makeRoomAhead(): void {
    if (this.#take(windowNumbers)) this.#room.give(windowNumbers);
  }

  /** A window comes back. `topicOf` finds what a key names, if it is still there. */
  giveBack(key: bigint, contents: SendWindowContents, topicOf: (key: TopicKey) => MessageTopic | undefined): void {
    const window = this.#windows.get(key);
    const loan = window && this.#loans.get(window);
    if (window === undefined || loan === undefined) return;
    this.#loans.delete(window);
    window.load(contents, topicOf);
    this.makeRoomAhead();
    if (loan.dropped || (window.capacity === 0 && this.#leftMs.has(window))) this.drop(window);
    for (const resolve of loan.waiting) resolve();
  }

  /** Resolves when the window of a client is not on loan. Undefined: it is not. */
  home(clientId: bigint, userId: number): Promise<void> | undefined {
    const window = this.#windows.get(keyOf(clientId, userId));
    const loan = window && this.#loans.get(window);
    return loan && new Promise((resolve) => loan.waiting.push(resolve));
  }

  /** A send that was under way when its window came back is done. */
  sent(send: LateSend, topicOf: (key: TopicKey) => MessageTopic | undefined): void {
    const window = this.#windows.get(send.key);
    if (window === undefined) return;
    const loan = this.#loans.get(window);
    if (loan !== undefined) loan.borrower.sent(send);
    else applyLateSend(window, send, topicOf);
  }

  /** The window of a producer that the log tells of. Undefined: there is no room for it. */
  restored(clientId: bigint, userId: number): SendWindow | undefined {
    const window = this.#windowOf(keyOf(clientId, userId));
    if (window.capacity > 0) return window;
    // Nobody is forgotten for it.
    if (!this.#room.has(windowEntriesMin)) {
      this.#windows.delete(window.key);
      return undefined;
    }
    window.makeRoom();
    this.#leftMs.set(window, this.#clock.nowMs());
    return window;
  }

  #windowOf(key: bigint): SendWindow {
    const known = this.#windows.get(key);
    if (known !== undefined) return known;
    const window: SendWindow = new SendWindow(key, (entries) => this.#takeRoom(window, entries));
    this.#windows.set(key, window);
    return window;
  }

  #takeRoom(window: SendWindow, entries: number): boolean {
    // A window that was dropped while a send was under way is nobody's any more, and counts no more.
    if (this.#windows.get(window.key) !== window) return this.entries + entries <= this.entriesMax;
    return this.#take(entries, window);
  }

  /** Forgets those that left longest ago until there is room, except for a window that wants it. False: nobody is left to forget. */
  #take(entries: number, wanting?: SendWindow): boolean {
    for (const longestGone of this.#leftMs.keys()) {
      if (this.#room.take(entries)) return true;
      if (longestGone !== wanting && !this.#loans.has(longestGone)) this.drop(longestGone);
    }
    return this.#room.take(entries);
  }

  #expire(): void {
    const sinceMs = this.#clock.nowMs() - windowKeptMs;
    for (const [window, leftMs] of this.#leftMs) {
      if (leftMs > sinceMs) break;
      this.drop(window);
    }
  }
}

/** To the window of whoever has it. A topic that is gone is as good as a send that failed. */
export function applyLateSend(window: SendWindow, send: LateSend, topicOf: (key: TopicKey) => MessageTopic | undefined): void {
  const topic = topicOf(send.topic);
  if (send.status !== 0) window.failed(send.number, send.status);
  else if (topic === undefined) window.failed(send.number, errorCodes['topic-id-not-found']);
  else window.stored(send.number, topic, send.partitionId, send.offset);
}

function keyOf(clientId: bigint, userId: number): bigint {
  return (clientId << 32n) | BigInt(userId);
}
