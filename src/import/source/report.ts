// What an import has copied, and what it could not. Counters are exact; of the sentences a bounded number is kept.

import { type Damage, DamageError } from './import-error.ts';

const sentencesMax = 1000;

export interface Counts {
  streams: number;
  topics: number;
  partitions: number;
  segments: number;
  messages: number;
  /** Bytes of the source's log files that were read. */
  logBytes: number;
  consumerOffsets: number;
  groups: number;
  users: number;
  tokens: number;
}

export class Report {
  readonly counts: Counts = {
    streams: 0,
    topics: 0,
    partitions: 0,
    segments: 0,
    messages: 0,
    logBytes: 0,
    consumerOffsets: 0,
    groups: 0,
    users: 0,
    tokens: 0,
  };
  /** Sound parts of the source that Galgo cannot take as they are. */
  readonly notCarried: string[] = [];
  /** Nothing is missing, but somebody may want to know. */
  readonly notes: string[] = [];
  readonly damages: Damage[] = [];
  damagesCount = 0;
  readonly #skipDamaged: boolean;

  constructor(options: { skipDamaged: boolean }) {
    this.#skipDamaged = options.skipDamaged;
  }

  /** Everything that is in the source is in the copy. */
  get complete(): boolean {
    return this.damagesCount === 0 && this.notCarried.length === 0;
  }

  /** Returns if the part is to be left out; else throws DamageError. */
  damage(damage: Damage): void {
    if (!this.#skipDamaged) throw new DamageError(damage);
    this.damagesCount++;
    if (this.damages.length < sentencesMax) this.damages.push(damage);
  }

  cannotCarry(sentence: string): void {
    if (this.notCarried.length < sentencesMax) this.notCarried.push(sentence);
  }

  note(sentence: string): void {
    if (this.notes.length < sentencesMax) this.notes.push(sentence);
  }
}
