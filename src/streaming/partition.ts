// A partition as the control plane sees it: a handle of the engine, and what the metadata store keeps about it.

import { ProtocolError } from '../protocol/protocol-error.ts';
import { type Completion, type Engine, EngineStatus, type PartitionStats } from '../storage/engine.ts';

export interface Partition {
  readonly id: number;
  /** Microseconds since 1970. */
  readonly createdAt: bigint;
  readonly incarnation: bigint;
  readonly directory: string;
  readonly handle: number;
}

/** Runs an engine call that completes through a callback, and throws its failure as a wire status. */
export function engineCall(start: (done: (completion: Completion) => void) => number | undefined): Promise<{ count: number }> {
  return new Promise((resolve, reject) => {
    const settle = (status: number, count: number, detail: number): void => {
      if (status === EngineStatus.ok) resolve({ count });
      else reject(engineError(status, detail));
    };
    const status = start((completion) => settle(completion.status, completion.count, completion.detail));
    if (status !== undefined && status !== EngineStatus.queued) settle(status, 0, 0);
  });
}

/** The wire status that stands for what the engine said. */
export function wireStatus(status: number): number {
  return status > 0 ? status : engineError(status, 0).status;
}

export function currentOffset(stats: PartitionStats): bigint {
  return BigInt(Math.max(0, stats.nextOffset - 1));
}

/** Closes handles; a partition that does not close cleanly is recovered at the next start. */
export async function closePartitions(engine: Engine, partitions: readonly Partition[]): Promise<void> {
  await Promise.all(partitions.map(({ handle }) => engineCall((done) => void engine.close(handle, done)).catch(() => undefined)));
}

function engineError(status: number, detail: number): ProtocolError {
  switch (status) {
    case EngineStatus.fenced:
      return new ProtocolError('cannot-append-to-file', 'the partition is fenced');
    case EngineStatus.closed:
      return new ProtocolError('partition-not-found', 'the partition is closed');
    case EngineStatus.outOfMemory:
      return new ProtocolError('transient-not-accepted', 'the memory budget is spent');
    case EngineStatus.tooManyOffsets:
      return new ProtocolError('too-many-consumer-offsets');
    case EngineStatus.ioError:
      return new ProtocolError('cannot-read-file', `errno ${detail}`);
    default:
      return ProtocolError.ofStatus(status);
  }
}
