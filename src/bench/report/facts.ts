// What stands beside every figure, in lines for people: what was done, to which server, with which promise, on what.

import { formatByteSize } from '../../config/byte-size.ts';
import { formatDuration } from '../../config/duration.ts';
import type { BenchResult } from '../result/result.ts';

export type Fact = readonly [name: string, value: string];

export function factsOf(result: BenchResult): Fact[] {
  const { server, machine, tool, parameters, client } = result;
  const utilization = Math.max(0, ...client.utilizations);
  return [
    ...(result.remark === undefined ? [] : [['remark', result.remark] as const]),
    ['benchmark', workText(result)],
    ['server', `${server.product} ${server.version}, ${serverWay(result)}, at ${server.address}`],
    ['durability', server.durability],
    ['settings', pairs(server.settings)],
    ['topic options', pairs(server.topicOptions)],
    ['file system', server.fileSystem ?? 'unknown'],
    [
      'server’s machine',
      server.hostname === machine.hostname ? 'the same as the tool’s' : `${server.hostname}, ${server.os}, kernel ${server.kernel}`,
    ],
    ['tool’s machine', `${machine.cores} × ${machine.cpu}, ${gibibytes(machine.memoryBytes)} GiB, ${machine.os}, kernel ${machine.kernel}`],
    [
      'tool',
      `Galgo ${tool.galgo}, Node ${tool.node}, ${parameters.workers} thread${parameters.workers === 1 ? '' : 's'}, busiest ${Math.round(utilization * 100)} %`,
    ],
    ['CPU seconds', cpuText(result)],
    ['began', result.startedAt],
  ];
}

/** Reasons to doubt the figures. */
export function doubtsOf({ complete, check, client }: BenchResult): string[] {
  const busiest = Math.max(0, ...client.utilizations);
  return [
    ...(complete ? [] : ['It was stopped before its end.']),
    ...check.faults.map((fault) => `It does not add up: ${fault}.`),
    ...(busiest > 0.95
      ? [`A thread of the tool was busy ${Math.round(busiest * 100)} % of the time: the tool may be what limits; see --workers.`]
      : []),
  ];
}

export function workText({ parameters }: BenchResult): string {
  const { kind, producers, consumers, streams, partitions, groups, messageBytes, messagesPerBatch, amount, warmupMs, rateBytesPerSecond } =
    parameters;
  const some = (number: number, who: string) => (number === 0 ? [] : [`${number} ${who}${number === 1 ? '' : 's'}`]);
  const actors = [
    ...some(producers, 'producer'),
    ...some(consumers, 'consumer'),
    ...some(streams, 'stream'),
    ...some(partitions, 'partition'),
    ...some(groups, 'group'),
  ];
  const work = {
    batches: `${amount.value} batches each`,
    messages: `${amount.value} messages`,
    bytes: formatByteSize(amount.value),
    durationMs: formatDuration(amount.value),
  }[amount.of];
  const rate = rateBytesPerSecond === undefined ? [] : [`at most ${(rateBytesPerSecond / 1e6).toFixed(1)} MB/s`];
  const warmup = warmupMs === 0 ? [] : [`${formatDuration(warmupMs)} of warm-up`];
  return [kind, `${rangeText(messagesPerBatch)} × ${rangeText(messageBytes)} B`, ...actors, work, ...rate, ...warmup].join(', ');
}

function serverWay({ server }: BenchResult): string {
  const names = { tcp: 'TCP', websocket: 'WebSocket', quic: 'QUIC', http: 'HTTP' } as const;
  const tls = server.tls && server.transport !== 'quic' ? ' with TLS' : '';
  const generation = server.generation === undefined ? '' : `${server.generation} over `;
  return `${generation}${names[server.transport]}${tls}`;
}

function cpuText({ server, client, roles }: BenchResult): string {
  if (server.usage === undefined) return `tool ${client.cpuSeconds.toFixed(2)}`;
  const { cpuSeconds, peakBytes } = server.usage;
  const requests = roles.reduce((sum, role) => sum + role.requests + role.emptyPolls, 0);
  const each = requests === 0 ? '' : ` (${((cpuSeconds * 1e6) / requests).toFixed(1)} µs a request)`;
  return `server ${cpuSeconds.toFixed(2)}${each}, tool ${client.cpuSeconds.toFixed(2)}; server’s peak memory ${Math.round(peakBytes / 2 ** 20)} MiB`;
}

function rangeText({ min, max }: { min: number; max: number }): string {
  return min === max ? String(min) : `${min}..${max}`;
}

function pairs(values: Readonly<Record<string, string>>): string {
  const entries = Object.entries(values);
  return entries.length === 0 ? 'unknown' : entries.map(([key, value]) => `${key} = ${value}`).join(', ');
}

function gibibytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1);
}
