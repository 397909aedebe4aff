// Room for what all send windows remember: so many entries at most, and as far as the memory budget has room for them. Threads that share the counter and the budget share the room;
// what is given back is what the window has that gives it, whichever thread took it.

import { rememberedSendBytes } from '../config/settings.ts';
import { type Counter, PlainCounter } from './thread-sharing.ts';

/** Where the entries' memory is counted. */
export interface SendMemory {
  /** False: there is no room for so many bytes. */
  takeMemory(bytes: number): boolean;
  giveMemory(bytes: number): void;
}

export class SendRoom {
  readonly entriesMax: number;
  readonly #memory: SendMemory;
  readonly #taken: Counter;

  /** `taken` counts the entries, of all threads. */
  constructor(entriesMax: number, memory: SendMemory, taken: Counter = new PlainCounter()) {
    this.entriesMax = entriesMax;
    this.#memory = memory;
    this.#taken = taken;
  }

  /** Entries that are taken. */
  get entries(): number {
    return this.#taken.value;
  }

  /** False: there is no room for so many more, and none are taken. */
  take(entries: number): boolean {
    if (this.#taken.add(entries) <= this.entriesMax && this.#memory.takeMemory(entries * rememberedSendBytes)) return true;
    this.#taken.add(-entries);
    return false;
  }

  give(entries: number): void {
    this.#taken.add(-entries);
    this.#memory.giveMemory(entries * rememberedSendBytes);
  }

  /** Whether so many more could be taken now. */
  has(entries: number): boolean {
    if (!this.take(entries)) return false;
    this.give(entries);
    return true;
  }
}
