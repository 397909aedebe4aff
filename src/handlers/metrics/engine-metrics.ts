// Metrics of the storage engine: what waits, how long syncs take, memory.

import { type Collector, histogramSamples, single } from '../../observability/metrics/metric-family.ts';
import type { Engine } from '../../storage/engine.ts';

const microsPerSecond = 1e6;

export function engineMetrics(engine: Engine): Collector {
  return () => {
    const stats = engine.engineStats();
    const buffers = engine.bufferStats();
    const memory = engine.memoryStats();
    const { boundsMicros, counts, sumMicros } = stats.syncs;
    const boundsSeconds = boundsMicros.map((bound) => bound / microsPerSecond);
    return [
      single('galgo_engine_queued_appends', 'gauge', 'Batches that wait for the I/O thread of their partition.', stats.queuedAppends),
      {
        name: 'galgo_engine_waiting_tasks',
        type: 'gauge',
        help: 'Tasks that no thread of the engine has taken up yet.',
        samples: [
          { value: stats.ioTasks, labels: { threads: 'io' } },
          { value: stats.syncTasks, labels: { threads: 'sync' } },
        ],
      },
      {
        name: 'galgo_engine_sync_duration_seconds',
        type: 'histogram',
        help: 'How long syncs of logs and consumer offsets took.',
        samples: [...histogramSamples(boundsSeconds, counts, sumMicros / microsPerSecond)],
      },
      single('galgo_engine_buffers_used_bytes', 'gauge', 'Buffers in use, for requests and replies.', buffers.bytesInUse),
      single('galgo_engine_buffers_resident_bytes', 'gauge', 'Memory of buffers, in use or kept.', buffers.bytesResident),
      single('galgo_engine_index_cache_bytes', 'gauge', 'Indexes of closed segments in memory.', stats.indexCacheBytes),
      single('galgo_engine_index_cache_segments', 'gauge', 'Closed segments that are kept open.', stats.indexCacheSegments),
      {
        name: 'galgo_memory_used_bytes',
        type: 'gauge',
        help: 'What the memory budget is used for.',
        samples: [
          { value: memory.buffers, labels: { kind: 'buffers' } },
          { value: memory.indexes, labels: { kind: 'indexes' } },
          { value: memory.ids, labels: { kind: 'ids' } },
          { value: memory.consumerOffsets, labels: { kind: 'consumer-offsets' } },
          { value: memory.taken, labels: { kind: 'remembered-sends' } },
        ],
      },
      single('galgo_engine_fences', 'counter', 'Partitions that were fenced, when they were opened or later.', stats.fences),
      single('galgo_engine_checksum_errors', 'counter', 'Polls that met stored messages that do not verify.', stats.checksumErrors),
      single('galgo_engine_deduplication_bytes', 'gauge', 'Memory of the ids of deduplication.', engine.idStats().bytesInUse),
    ];
  };
}
