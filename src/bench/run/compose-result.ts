// From what was measured to the result: roles put together, counts checked against each other.

import { randomUUID } from 'node:crypto';
import type { Counters } from '../actors/counters.ts';
import type { Recorded } from '../actors/recorder.ts';
import type { Actor, Role } from '../plan/actors.ts';
import type { Plan } from '../plan/plan.ts';
import { type BenchResult, type RoleResult, resultVersion } from '../result/result.ts';
import { roleResult, rounded } from '../result/role-result.ts';
import { type ProcessUsage, thisMachine } from '../server/machine.ts';
import type { ServerFacts } from '../server/server-facts.ts';
import type { CastResult } from './run-cast.ts';

export interface Measured {
  readonly plan: Plan;
  /** Of this package. */
  readonly version: string;
  /** Of the load; undefined over HTTP. */
  readonly generation: 'vsr' | 'classic' | undefined;
  readonly startedAt: Date;
  readonly complete: boolean;
  readonly server: ServerFacts;
  /** Of the server's process before and after; undefined where it cannot be seen. */
  readonly serverUsage: readonly [before: ProcessUsage | undefined, after: ProcessUsage | undefined];
  readonly clientCpu: NodeJS.CpuUsage;
  readonly actors: readonly Actor[];
  readonly played: CastResult;
  /** Messages of each stream. */
  readonly storedBefore: readonly number[];
  readonly storedAfter: readonly number[];
}

export function composeResult(measured: Measured): BenchResult {
  const { plan, server, generation, played } = measured;
  return {
    schema: 'galgo.bench',
    version: resultVersion,
    id: randomUUID(),
    startedAt: measured.startedAt.toISOString(),
    ...(plan.remark === undefined ? {} : { remark: plan.remark }),
    complete: measured.complete,
    tool: { galgo: measured.version, node: process.version },
    machine: thisMachine(),
    server: {
      product: server.product,
      version: server.version,
      ...(generation === undefined ? {} : { generation }),
      transport: plan.address.transport,
      tls: plan.address.tls,
      address: `${plan.address.host}:${plan.address.port}`,
      hostname: server.hostname,
      os: server.os,
      kernel: server.kernel,
      durability: server.durability,
      settings: server.settings,
      topicOptions: server.topicOptions,
      ...(server.fileSystem === undefined ? {} : { fileSystem: server.fileSystem }),
      ...usage(measured.serverUsage),
    },
    parameters: {
      kind: plan.kind.name,
      messageBytes: plan.messageBytes,
      messagesPerBatch: plan.messagesPerBatch,
      amount: plan.amount,
      ...(plan.rateBytesPerSecond === undefined ? {} : { rateBytesPerSecond: plan.rateBytesPerSecond }),
      warmupMs: plan.warmupMs,
      streams: plan.streams.length,
      partitions: plan.partitions,
      producers: plan.producers,
      consumers: plan.consumers,
      groups: plan.groups.length,
      workers: plan.workers,
    },
    client: {
      cpuSeconds: rounded((measured.clientCpu.user + measured.clientCpu.system) / 1e6),
      utilizations: played.utilizations.map(rounded),
    },
    roles: roles(measured),
    check: check(measured),
  };
}

function usage([before, after]: Measured['serverUsage']): Pick<BenchResult['server'], 'usage'> {
  if (before === undefined || after === undefined) return {};
  return { usage: { cpuSeconds: rounded(after.cpuSeconds - before.cpuSeconds), peakBytes: after.peakBytes } };
}

const roleNames: Readonly<Record<Role, RoleResult['role']>> = {
  producer: 'producers',
  consumer: 'consumers',
  member: 'members',
  'producing-consumer': 'producing-consumers',
};

function roles({ plan, actors, played }: Measured): RoleResult[] {
  const latencyOf = (role: Role): RoleResult['latency']['of'] => {
    if (role === 'producer') return 'send';
    if (role === 'producing-consumer') return 'round-trip';
    return plan.kind.produces ? 'end-to-end' : 'poll';
  };
  return [...new Set(actors.map(({ role }) => role))].map((role) =>
    roleResult({
      role: roleNames[role],
      latencyOf: latencyOf(role),
      actors: actors.filter((actor) => actor.role === role).map((actor) => [actor, played.recorded.get(actor.index) as Recorded]),
      series: played.series.get(role) ?? [],
      samplingMs: plan.samplingMs,
    }),
  );
}

function check({ plan, actors, played, storedBefore, storedAfter, complete }: Measured): BenchResult['check'] {
  const { counters } = played;
  const sent = counters.sentBy(actors);
  const read = counters.readBy(actors);
  const before = total(storedBefore);
  const stored = total(storedAfter) - before;
  const faults: string[] = [];
  // A stop may cut off a send between its storing and its answer; and of streams that were there before, others may know.
  if (complete && !plan.reuseStreams && stored !== sent) faults.push(`${sent} messages were acknowledged, ${stored} are stored`);
  const wanted = complete && plan.amount.of !== 'durationMs' ? wantedReads(plan, counters, actors, before) : undefined;
  if (wanted !== undefined && read !== wanted) faults.push(`${read} messages were read, not ${wanted}`);
  return { sent, stored, read, faults };
}

/** Undefined: readers have quotas of their own. */
function wantedReads({ kind, groups }: Plan, counters: Counters, actors: readonly Actor[], before: number): number | undefined {
  if (kind.reads === undefined) return 0;
  if (kind.echoes) return counters.sentBy(actors);
  if (kind.reads === 'member') return (before + counters.sentBy(actors)) * groups.length;
  if (!kind.produces) return undefined;
  // Each consumer reads the whole of its stream.
  return total(
    actors.map(({ role, stream }) => (role === 'consumer' ? counters.sentBy(actors.filter((other) => other.stream === stream)) : 0)),
  );
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}
