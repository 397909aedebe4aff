// Metrics of limits and disks.

import type { Collector } from '../../observability/metrics/metric-family.ts';
import { single } from '../../observability/metrics/metric-family.ts';
import type { ProcessStats } from '../../streaming/process-stats.ts';
import type { System } from '../../streaming/system.ts';
import { limitFigures } from '../limit-figures.ts';

export function serverMetrics(system: System, facts: { processStats: () => ProcessStats; connectionsMax: number }): Collector {
  return () => {
    const { freeDiskSpace, totalDiskSpace } = facts.processStats();
    const limits = limitFigures(system, facts.connectionsMax);
    return [
      {
        name: 'galgo_limit_used',
        type: 'gauge',
        help: 'How much of a limit is used; of limits of many (members of groups), by the fullest.',
        samples: limits.map(({ name, used }) => ({ value: used, labels: { limit: name } })),
      },
      {
        name: 'galgo_limit_max',
        type: 'gauge',
        help: 'The limit, as the setting of this name says.',
        samples: limits.map(({ name, max }) => ({ value: max, labels: { limit: name } })),
      },
      single('galgo_disk_free_bytes', 'gauge', 'Free space of the disk with the data folder.', Number(freeDiskSpace)),
      single('galgo_disk_size_bytes', 'gauge', 'Size of the disk with the data folder.', Number(totalDiskSpace)),
    ];
  };
}
