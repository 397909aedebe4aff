// What became of the newest send requests of one VSR client, so that a request that comes again is confirmed again instead of being stored again.
//
// A ring of entries by request number, in arrays of numbers, since every send adds one. It covers the 1024 numbers up to the highest, which is more than a connection may have
// unanswered, and grows to that as it is used. A number that the window no longer knows is told from a new one, and refused: it may have been stored.

import { ProtocolError } from '../protocol/protocol-error.ts';
import type { MessageTopic } from './message-topic.ts';

/** Request numbers that a window covers. */
export const windowNumbers = 1024;

/** Entries that a window begins with, and the least it can work with. */
export const windowEntriesMin = 64;

/** Somebody who waits for the outcome of a send that is under way. */
export interface SendWaiter {
  appended(streamId: number, topicId: number, partitionId: number, offset: number): void;
  fail(status: number): void;
}

const underWay = -1;

/** A window's contents, as they go from one thread to another. */
export interface SendWindowContents {
  capacity: number;
  highest: number;
  forgotten: number;
  /** By entry. */
  numbers: Float64Array<ArrayBuffer>;
  /** -1: under way. */
  offsets: Float64Array<ArrayBuffer>;
  partitions: Uint32Array<ArrayBuffer>;
  /** Place in `topics`. */
  topicOf: Uint32Array<ArrayBuffer>;
  topics: TopicKey[];
}

/** Names a topic for all time: ids are given again, but not within the same microsecond. */
export interface TopicKey {
  streamId: number;
  id: number;
  createdAt: bigint;
}

export class SendWindow {
  /** Whose: client id in the high bits, user id in the low 32. */
  readonly key: bigint;
  /** The client id as it stands in headers. */
  readonly clientIdBytes: Buffer;
  readonly #takeRoom: (entries: number) => boolean;
  readonly #waiting = new Map<number, SendWaiter[]>();
  #highest = 0;
  /** The highest number that is not known any more. */
  #forgotten = 0;
  #numbers = new Float64Array(0);
  #offsets = new Float64Array(0);
  #partitions = new Uint32Array(0);
  #topics: (MessageTopic | undefined)[] = [];

  /** `takeRoom` is asked before the window grows. */
  constructor(key: bigint, takeRoom: (entries: number) => boolean) {
    this.key = key;
    this.clientIdBytes = Buffer.alloc(16);
    this.clientIdBytes.writeBigUInt64LE((key >> 32n) & 0xffff_ffff_ffff_ffffn);
    this.clientIdBytes.writeBigUInt64LE(key >> 96n, 8);
    this.#takeRoom = takeRoom;
  }

  /** Entries that there is room for. */
  get capacity(): number {
    return this.#numbers.length;
  }

  /**
   * Answers a request that was seen before, now or when its first copy is done. False: it is new. Throws 59 if it may have been stored and that is no longer known, or if its
   * number was used for another topic.
   */
  answer(number: number, topic: MessageTopic, waiter: SendWaiter): boolean {
    if (number > this.#highest) return false;
    const place = this.#placeOf(number);
    if (place === -1 || number <= this.#highest - windowNumbers) {
      if (number > this.#forgotten && number > this.#highest - windowNumbers) return false;
      throw new ProtocolError('request-already-applied', `request ${number} is older than what is remembered`);
    }
    if (this.#topics[place] !== topic) throw new ProtocolError('request-already-applied', `request ${number} was for another topic`);
    const offset = this.#offsets[place] as number;
    if (offset !== underWay) {
      waiter.appended(topic.streamId, topic.id, this.#partitions[place] as number, offset);
      return true;
    }
    const waiting = this.#waiting.get(number);
    if (waiting === undefined) this.#waiting.set(number, [waiter]);
    else waiting.push(waiter);
    return true;
  }

  /** Throws 58 if no entry can be had. To be called before what `begin` or `restore` is to remember. */
  makeRoom(): void {
    if (this.capacity === 0 && !this.#grow()) throw new ProtocolError('transient-not-accepted', 'too many sends of others are remembered');
  }

  /** A new request is under way. */
  begin(number: number, topic: MessageTopic, partitionId: number): void {
    this.#add(number, topic, partitionId, underWay);
  }

  /** A request is done: under way until now, or new. */
  stored(number: number, topic: MessageTopic, partitionId: number, offset: number): void {
    this.#add(number, topic, partitionId, offset);
    if (this.#waiting.size === 0) return;
    for (const waiter of this.#takeWaiting(number)) waiter.appended(topic.streamId, topic.id, partitionId, offset);
  }

  /** A request came to nothing: the same number may try again. */
  failed(number: number, status: number): void {
    const place = this.#placeOf(number);
    if (place !== -1) this.#clear(place);
    for (const waiter of this.#takeWaiting(number)) waiter.fail(status);
  }

  /** A request as the log tells it. Of several records of one request the first counts. */
  restore(number: number, topic: MessageTopic, partitionId: number, offset: number): void {
    if (this.#placeOf(number) === -1) this.#add(number, topic, partitionId, offset);
  }

  /** Of numbers up to this one, those that are not there are not new. */
  forget(number: number): void {
    this.#forgotten = Math.max(this.#forgotten, number);
  }

  /** A copy of what is remembered. */
  contents(): SendWindowContents {
    const places = [...this.#numbers.keys()].filter((place) => this.#numbers[place] !== 0);
    const topics = [...new Set(places.map((place) => this.#topics[place]))];
    const indexes = new Map(topics.map((topic, index) => [topic, index]));
    return {
      capacity: this.capacity,
      highest: this.#highest,
      forgotten: this.#forgotten,
      numbers: Float64Array.from(places, (place) => this.#numbers[place] as number),
      offsets: Float64Array.from(places, (place) => this.#offsets[place] as number),
      partitions: Uint32Array.from(places, (place) => this.#partitions[place] as number),
      topicOf: Uint32Array.from(places, (place) => indexes.get(this.#topics[place]) as number),
      topics: topics.map((topic) => topicKey(topic)),
    };
  }

  /** Replaces what is remembered. Its room counts as taken already; `topicOf` finds what a key names, if it is still there. */
  load(contents: SendWindowContents, topicOf: (key: TopicKey) => MessageTopic | undefined): void {
    const { capacity, numbers, offsets, partitions } = contents;
    const topics = contents.topics.map((key) => topicOf(key));
    this.#highest = contents.highest;
    this.#forgotten = contents.forgotten;
    this.#allocate(capacity);
    for (const [index, number] of numbers.entries()) {
      const place = number % capacity;
      this.#numbers[place] = number;
      this.#offsets[place] = offsets[index] as number;
      this.#partitions[place] = partitions[index] as number;
      this.#topics[place] = topics[contents.topicOf[index] as number];
    }
  }

  #takeWaiting(number: number): readonly SendWaiter[] {
    const waiting = this.#waiting.get(number) ?? [];
    this.#waiting.delete(number);
    return waiting;
  }

  /** -1: not there. */
  #placeOf(number: number): number {
    const place = number % this.#numbers.length;
    return this.#numbers[place] === number ? place : -1;
  }

  #add(number: number, topic: MessageTopic, partitionId: number, offset: number): void {
    if (number > this.#highest) this.#highest = number;
    if (number <= this.#highest - windowNumbers) return;
    let place = number % this.#numbers.length;
    while (this.#holdsAnother(place, number) && this.capacity < windowNumbers && this.#grow()) place = number % this.#numbers.length;
    if (this.#holdsAnother(place, number)) {
      const held = this.#numbers[place] as number;
      this.forget(Math.min(held, number));
      if (held > number) return;
    }
    this.#numbers[place] = number;
    this.#offsets[place] = offset;
    this.#partitions[place] = partitionId;
    this.#topics[place] = topic;
  }

  /** Whether a place is taken by another number that is still covered. */
  #holdsAnother(place: number, number: number): boolean {
    const held = this.#numbers[place] as number;
    return held !== 0 && held !== number && held > this.#highest - windowNumbers;
  }

  #clear(place: number): void {
    this.#numbers[place] = 0;
    this.#topics[place] = undefined;
  }

  #grow(): boolean {
    const capacity = Math.max(windowEntriesMin, this.capacity * 2);
    if (!this.#takeRoom(capacity - this.capacity)) return false;
    const [numbers, offsets, partitions, topics] = [this.#numbers, this.#offsets, this.#partitions, this.#topics];
    this.#allocate(capacity);
    for (const [from, number] of numbers.entries()) {
      if (number === 0) continue;
      const to = number % capacity;
      this.#numbers[to] = number;
      this.#offsets[to] = offsets[from] as number;
      this.#partitions[to] = partitions[from] as number;
      this.#topics[to] = topics[from];
    }
    return true;
  }

  #allocate(capacity: number): void {
    this.#numbers = new Float64Array(capacity);
    this.#offsets = new Float64Array(capacity);
    this.#partitions = new Uint32Array(capacity);
    this.#topics = new Array(capacity).fill(undefined);
  }
}

/** A topic that is gone keeps its entries, and a key that nothing is found by. */
function topicKey(topic: MessageTopic | undefined): TopicKey {
  return topic === undefined
    ? { streamId: 0, id: 0, createdAt: -1n }
    : { streamId: topic.streamId, id: topic.id, createdAt: topic.createdAt };
}
