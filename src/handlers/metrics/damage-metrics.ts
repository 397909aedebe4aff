// Metrics of damage: what verifying found, and how far it is.

import { type Collector, single } from '../../observability/metrics/metric-family.ts';
import type { System } from '../../streaming/system.ts';

/** Structurally that of the job; undefined: it is off. */
export interface ScrubbedFigures {
  bytesVerified: number;
  passes: number;
  lastPassMs: number;
}

const msPerSecond = 1000;

export function damageMetrics(system: System, scrubbed: () => Readonly<ScrubbedFigures> | undefined): Collector {
  return () => {
    const figures = scrubbed();
    return [
      single(
        'galgo_damage_found',
        'counter',
        'Damaged stretches of logs that verifying found, each pass counting anew.',
        system.damage.found,
      ),
      single('galgo_damaged_partitions', 'gauge', 'Partitions of which the newest pass found a part damaged.', system.damage.partitions),
      ...(figures === undefined
        ? []
        : [
            single('galgo_scrubbing_verified_bytes', 'counter', 'Bytes that were verified in the background.', figures.bytesVerified),
            single('galgo_scrubbing_passes', 'counter', 'Passes over all partitions.', figures.passes),
            single(
              'galgo_scrubbing_last_pass_seconds',
              'gauge',
              'When the last pass ended, seconds since 1970; 0: none has.',
              figures.lastPassMs / msPerSecond,
            ),
          ]),
    ];
  };
}
