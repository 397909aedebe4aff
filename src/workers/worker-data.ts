// What a worker is started with.

import type { LogLevel } from '../observability/logger.ts';
import type { TransportLimits } from '../transports/limits.ts';

export interface WorkerData {
  /** From 0. */
  readonly number: number;
  /** How many there are. */
  readonly workers: number;
  readonly memory: SharedArrayBuffer;
  /** The engine's. */
  readonly engine: number;
  readonly limits: TransportLimits;
  /** Entries of all send windows together. */
  readonly rememberedSendsMax: number;
  readonly logLevel: LogLevel;
  /** Of the control thread's `performance`. */
  readonly timeOrigin: number;
  /** What the control thread has handlers for. */
  readonly commands: readonly { code: number; login: 'required' | 'none' }[];
  /** Requests are counted and timed. */
  readonly metered: boolean;
  /** Spans are wanted. */
  readonly traced: boolean;
}
