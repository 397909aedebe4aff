// The windows of all VSR clients (send-window.ts): whose they are, how long they stay, how much they may hold together.
//
// A window belongs to a client id and user, not to a connection, and outlives a lost connection by ten minutes. Logging out ends it. Where the entries of all windows reach the
// limit, or memory is short, those of clients that left longest ago make room first; after that windows no longer grow, and so cover fewer numbers.

import { rememberedSendBytes } from '../config/settings.ts';
import type { Clock } from './clock.ts';
import { SendWindow, windowEntriesMin } from './send-window.ts';

/** Milliseconds that a window outlives its client's connection. */
export const windowKeptMs = 10 * 60_000;

/** Where the windows' memory is counted. */
export interface SendMemory {
  /** False: there is no room for so many bytes. */
  takeMemory(bytes: number): boolean;
  giveMemory(bytes: number): void;
}

export class SendWindows {
  readonly entriesMax: number;
  readonly #clock: Clock;
  readonly #memory: SendMemory;
  readonly #windows = new Map<bigint, SendWindow>();
  /** Since when nobody is connected, milliseconds since 1970; the longest ago first. */
  readonly #leftMs = new Map<SendWindow, number>();
  #entries = 0;

  /** `entriesMax`: of all windows together. */
  constructor(entriesMax: number, clock: Clock, memory: SendMemory) {
    this.entriesMax = entriesMax;
    this.#clock = clock;
    this.#memory = memory;
  }

  /** Entries that all windows have room for. */
  get entries(): number {
    return this.#entries;
  }

  /** The window of a client that logs in: the one that it left, or a new one. */
  enter(clientId: bigint, userId: number): SendWindow {
    this.#expire();
    const window = this.#windowOf((clientId << 32n) | BigInt(userId));
    this.#leftMs.delete(window);
    return window;
  }

  /** A client is gone and may come back. */
  leave(window: SendWindow): void {
    this.#expire();
    if (window.capacity === 0) this.drop(window);
    else if (this.#windows.get(window.key) === window) this.#leftMs.set(window, this.#clock.nowMs());
  }

  /** A client is gone for good. */
  drop(window: SendWindow): void {
    if (this.#windows.get(window.key) !== window) return;
    this.#windows.delete(window.key);
    this.#leftMs.delete(window);
    this.#give(window.capacity);
  }

  /** The window of a producer that the log tells of. Undefined: there is no room for it. */
  restored(clientId: bigint, userId: number): SendWindow | undefined {
    const window = this.#windowOf((clientId << 32n) | BigInt(userId));
    if (window.capacity > 0) return window;
    // Nobody is forgotten for it.
    if (!this.#take(windowEntriesMin)) {
      this.#windows.delete(window.key);
      return undefined;
    }
    this.#give(windowEntriesMin);
    window.makeRoom();
    this.#leftMs.set(window, this.#clock.nowMs());
    return window;
  }

  #windowOf(key: bigint): SendWindow {
    const known = this.#windows.get(key);
    if (known !== undefined) return known;
    const bytes = Buffer.alloc(16);
    bytes.writeBigUInt64LE((key >> 32n) & 0xffff_ffff_ffff_ffffn);
    bytes.writeBigUInt64LE(key >> 96n, 8);
    const window: SendWindow = new SendWindow(key, bytes, (entries) => this.#takeRoom(window, entries));
    this.#windows.set(key, window);
    return window;
  }

  #takeRoom(window: SendWindow, entries: number): boolean {
    // A window that was dropped while a send was under way is nobody's any more, and counts no more.
    if (this.#windows.get(window.key) !== window) return this.#entries + entries <= this.entriesMax;
    for (const longestGone of this.#leftMs.keys()) {
      if (this.#take(entries)) return true;
      if (longestGone !== window) this.drop(longestGone);
    }
    return this.#take(entries);
  }

  #take(entries: number): boolean {
    if (this.#entries + entries > this.entriesMax || !this.#memory.takeMemory(entries * rememberedSendBytes)) return false;
    this.#entries += entries;
    return true;
  }

  #give(entries: number): void {
    this.#entries -= entries;
    this.#memory.giveMemory(entries * rememberedSendBytes);
  }

  #expire(): void {
    const sinceMs = this.#clock.nowMs() - windowKeptMs;
    for (const [window, leftMs] of this.#leftMs) {
      if (leftMs > sinceMs) break;
      this.drop(window);
    }
  }
}
