// What the threads of a run know of each other, in shared memory: who is done, how much was sent and read, and whether to stop.
//
//   i32  stop · producers left of each stream
//   f64  four figures of each actor, written by that actor alone: sent, read (both with the warm-up), messages and payload bytes of the measured phase
//
// Other threads look at the figures of a stream's producers only behind the atomic count of those that are left, so that these are final. An aligned store of eight bytes is not
// torn on the systems that Node runs on.

import type { Actor, Cast } from '../plan/actors.ts';

export interface Counters {
  readonly memory: SharedArrayBuffer;
  readonly stopped: boolean;
  stop(): void;
  /** Of an actor; to be added to by it alone. */
  sent(actor: number, messages: number): void;
  read(actor: number, messages: number): void;
  measured(actor: number, messages: number, bytes: number): void;
  producerDone(stream: number): void;
  /** Messages sent to the stream in this run once all its producers are done; undefined before. */
  sentInAll(stream: number): number | undefined;
  /** By all who share the counter. */
  readInAll(reader: number): number;
  /** With the warm-up; final when their threads have ended. */
  sentBy(actors: readonly Actor[]): number;
  readBy(actors: readonly Actor[]): number;
  /** Of the measured phase. */
  progress(actors: readonly Actor[]): { messages: number; bytes: number };
}

const figures = { sent: 0, read: 1, messages: 2, bytes: 3, each: 4 } as const;

/** Without `memory` new ones. */
export function createCounters({ actors, readers }: Cast, streams: number, memory?: SharedArrayBuffer): Counters {
  const flagsBytes = Math.ceil((4 * (1 + streams)) / 8) * 8;
  const shared = memory ?? new SharedArrayBuffer(flagsBytes + 8 * figures.each * actors.length);
  const flags = new Int32Array(shared, 0, 1 + streams);
  const values = new Float64Array(shared, flagsBytes);
  const sends = ({ role }: Actor) => role === 'producer' || role === 'producing-consumer';
  const producers = Array.from({ length: streams }, (_, stream) => actors.filter((actor) => sends(actor) && actor.stream === stream));
  const sharing = Array.from({ length: readers }, (_, reader) =>
    actors.filter((actor) => actor.role !== 'producer' && actor.reader === reader),
  );
  if (memory === undefined) for (const [stream, some] of producers.entries()) flags[1 + stream] = some.length;

  const add = (actor: number, figure: number, amount: number) => {
    const at = figures.each * actor + figure;
    values[at] = (values[at] as number) + amount;
  };
  const sum = (some: readonly Actor[], figure: number) =>
    some.reduce((total, { index }) => total + (values[figures.each * index + figure] as number), 0);

  return {
    memory: shared,
    get stopped() {
      return Atomics.load(flags, 0) !== 0;
    },
    stop: () => void Atomics.store(flags, 0, 1),
    sent: (actor, messages) => add(actor, figures.sent, messages),
    read: (actor, messages) => add(actor, figures.read, messages),
    measured(actor, messages, bytes) {
      add(actor, figures.messages, messages);
      add(actor, figures.bytes, bytes);
    },
    producerDone: (stream) => void Atomics.sub(flags, 1 + stream, 1),
    sentInAll: (stream) => (Atomics.load(flags, 1 + stream) > 0 ? undefined : sum(producers[stream] as Actor[], figures.sent)),
    readInAll: (reader) => sum(sharing[reader] as Actor[], figures.read),
    sentBy: (some) => sum(some, figures.sent),
    readBy: (some) => sum(some, figures.read),
    progress: (some) => ({ messages: sum(some, figures.messages), bytes: sum(some, figures.bytes) }),
  };
}
