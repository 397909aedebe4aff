// The lines of the load table: what official clients do, and what is aimed at, as a share of what a bare Node front reaches.

export interface LoadLine {
  readonly kind: 'send' | 'poll';
  readonly batch: number;
  readonly size: number;
  readonly tasks: number;
  /** Sends of each producer at scale 1. */
  readonly batches: number;
  /** Aims for clients of 0.8 and 0.9. */
  readonly aims: readonly [classic: number, vsr: number];
}

export const loadLines: readonly LoadLine[] = [
  { kind: 'send', batch: 1000, size: 1000, tasks: 2, batches: 400, aims: [0.75, 0.8] },
  { kind: 'send', batch: 100, size: 1000, tasks: 2, batches: 2000, aims: [0.85, 0.85] },
  { kind: 'send', batch: 100, size: 1000, tasks: 8, batches: 500, aims: [0.75, 0.75] },
  { kind: 'send', batch: 10, size: 100, tasks: 2, batches: 8000, aims: [0.85, 0.85] },
  { kind: 'send', batch: 10, size: 100, tasks: 8, batches: 2000, aims: [0.85, 0.85] },
  { kind: 'send', batch: 1, size: 100, tasks: 1, batches: 15_000, aims: [0.85, 0.85] },
  { kind: 'send', batch: 1, size: 100, tasks: 8, batches: 2500, aims: [0.85, 0.85] },
  { kind: 'poll', batch: 1000, size: 1000, tasks: 2, batches: 400, aims: [0.8, 0.9] },
  { kind: 'poll', batch: 100, size: 1000, tasks: 2, batches: 2000, aims: [0.75, 0.85] },
  { kind: 'poll', batch: 100, size: 1000, tasks: 8, batches: 500, aims: [0.75, 0.85] },
  { kind: 'poll', batch: 10, size: 100, tasks: 2, batches: 8000, aims: [0.75, 0.8] },
];
