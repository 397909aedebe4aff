// The end of a VSR session, thrown by a handler instead of an error: the client is told why by a frame of its own kind.

import type { EvictionReason } from '../protocol/operations.ts';

const mark = Symbol.for('galgo.Eviction');

export class Eviction extends Error {
  readonly reason: EvictionReason;
  readonly [mark] = true;

  constructor(reason: EvictionReason) {
    super(`evicted: reason ${reason}`);
    this.name = 'Eviction';
    this.reason = reason;
  }

  static is(value: unknown): value is Eviction {
    return typeof value === 'object' && value !== null && mark in value;
  }
}
