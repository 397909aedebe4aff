// The settings as the server takes them: times in milliseconds, sizes in bytes, absolute paths, what was left open decided for this machine.

import os from 'node:os';
import path from 'node:path';
import type { RootCredentials } from './root-credentials.ts';
import type { Values } from './schema.ts';

export interface Machine {
  processors: number;
  memoryBytes: number;
  cwd: string;
}

/** This machine, or the container that limits it. */
export function thisMachine(cwd: string): Machine {
  const limitBytes = process.constrainedMemory();
  const memoryBytes = limitBytes > 0 ? Math.min(limitBytes, os.totalmem()) : os.totalmem();
  return { processors: os.availableParallelism(), memoryBytes, cwd };
}

export type Settings = Frozen<ReturnType<typeof settingsOf>>;

/** Settings of checked values. Names and units follow those who take a section: `engine` is the engine's options, `limits` those of the transports. */
export function settingsOf(values: Values, rootCredentials: RootCredentials | undefined, machine: Machine) {
  const { system, tcp, engine, limits } = values;
  const absolute = (file: string | undefined) => (file === undefined ? undefined : path.resolve(machine.cwd, file));
  const bufferBytesMax = limits.buffers_size_max ?? defaultBufferBytes(machine);
  return {
    system: {
      path: path.resolve(machine.cwd, system.path),
      logging: system.logging,
      segment: { sizeBytes: system.segment.size },
      /** Undefined: no limit, no expiry. */
      topic: { sizeBytesMax: system.topic.max_size, messageExpiryMs: system.topic.message_expiry },
    },
    durability: {
      messages: system.partition.enforce_fsync ? ('group' as const) : engine.durability,
      consumerOffsets: engine.consumer_offset_durability,
    },
    tcp: {
      enabled: tcp.enabled,
      ...tcp.address,
      tls: {
        enabled: tcp.tls.enabled,
        selfSigned: tcp.tls.self_signed,
        certificateFile: absolute(tcp.tls.cert_file),
        keyFile: absolute(tcp.tls.key_file),
      },
    },
    engine: {
      ioThreads: engine.io_threads ?? Math.max(1, Math.min(8, Math.floor(machine.processors / 2))),
      syncThreads: engine.sync_threads,
      bufferBytesMax,
      inlineAppendBytesMax: engine.inline_append_size_max,
      inlinePollBytesMax: engine.inline_poll_size_max,
      syncIntervalMs: engine.sync_interval,
      checkpointIntervalMs: engine.checkpoint_interval,
      indexCacheBytesMax: engine.index_cache_size_max,
      openFilesMax: engine.open_files_max,
      consumerOffsetsMax: engine.consumer_offsets_max,
    },
    limits: {
      connectionsMax: limits.connections_max,
      frameBytesMax: limits.frame_size_max,
      controlBytesMax: limits.control_size_max,
      anonymousFrameBytesMax: limits.anonymous_frame_size_max,
      unansweredRequestsMax: limits.unanswered_requests_max,
      unansweredBytesMax: limits.unanswered_size_max,
      receiveBytesMax: receiveShare(bufferBytesMax),
      stallTimeoutMs: limits.stall_timeout,
    },
    consumerGroup: { rebalancingTimeoutMs: values.consumer_group.rebalancing_timeout },
    heartbeat: { enabled: values.heartbeat.enabled, intervalMs: values.heartbeat.interval },
    /** Of the root user that a first start makes. Undefined: a password is to be generated. */
    rootCredentials,
  };
}

/** What settings contradict each other, one sentence each. */
export function contradictions(values: Values, machine: Machine): string[] {
  const { system, tcp, limits } = values;
  const found: string[] = [];
  const demand = (holds: boolean, sentence: string) => holds || found.push(sentence);

  demand(system.segment.size % 512 === 0, 'system.segment.size must be a multiple of 512 bytes');
  demand(
    (system.topic.max_size ?? Number.POSITIVE_INFINITY) >= system.segment.size,
    'system.topic.max_size must be at least system.segment.size',
  );
  demand(tcp.enabled, 'tcp.enabled is false, so there is no transport left to listen on');
  if (tcp.enabled && tcp.tls.enabled) {
    const files = [tcp.tls.cert_file, tcp.tls.key_file].filter((file) => file !== undefined).length;
    demand(tcp.tls.self_signed || files > 0, 'tcp.tls.self_signed is false, so tcp.tls.cert_file and tcp.tls.key_file must name files');
    demand(files !== 1, 'tcp.tls.cert_file and tcp.tls.key_file must be given together');
  }
  demand(limits.anonymous_frame_size_max <= limits.frame_size_max, 'limits.anonymous_frame_size_max must not exceed limits.frame_size_max');
  demand(limits.control_size_max <= limits.frame_size_max, 'limits.control_size_max must not exceed limits.frame_size_max');
  demand(
    limits.frame_size_max <= receiveShare(limits.buffers_size_max ?? defaultBufferBytes(machine)),
    'limits.frame_size_max must fit into three quarters of limits.buffers_size_max',
  );
  return found;
}

const MiB = 2 ** 20;

function defaultBufferBytes(machine: Machine): number {
  return Math.min(256 * MiB, Math.max(128 * MiB, Math.floor(machine.memoryBytes / 10)));
}

function receiveShare(bufferBytes: number): number {
  return Math.floor((bufferBytes * 3) / 4);
}

type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;
