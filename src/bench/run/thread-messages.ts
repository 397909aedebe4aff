// What the main thread and the threads of actors say to each other.

import type { Recorded, Series } from '../actors/recorder.ts';
import type { Actor, Cast, Role } from '../plan/actors.ts';
import type { Range } from '../plan/amounts.ts';

/** Given to a thread at its start. It answers `ready`, is then sent a Schedule, and ends with `done` or `failed`. */
export interface ThreadTask {
  readonly target: string;
  readonly generation: 'auto' | 'vsr' | 'classic';
  /** Of this thread. */
  readonly actors: readonly Actor[];
  readonly cast: Cast;
  readonly memory: SharedArrayBuffer;
  readonly epochOffsetMs: number;
  /** Messages in each stream before the run. */
  readonly storedBefore: readonly number[];
  readonly messageBytes: Range;
  readonly messagesPerBatch: Range;
  readonly samplingMs: number;
  readonly warmsUp: boolean;
  readonly endToEnd: boolean;
}

export type FromThread =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'done';
      /** Of the event loop while actors ran, 0 to 1. */
      readonly utilization: number;
      readonly series: readonly (readonly [Role, Series])[];
      readonly recorded: readonly (Recorded & { readonly actor: number })[];
    }
  | { readonly kind: 'failed'; readonly message: string };
