// What is to be done, checked: from the texts of the command line to numbers.

import { randomBytes } from 'node:crypto';
import os from 'node:os';
import { parseCount, parseRange, parseSize, parseTime, type Range } from './amounts.ts';
import { type Kind, kindNamed, kinds } from './kinds.ts';
import { type TargetFacts, targetFacts } from './target.ts';
import { UsageError } from './usage-error.ts';

/** The options of the command line as they were given; undefined takes the default. */
export interface GivenOptions {
  target?: string;
  generation?: string;
  messageSize?: string;
  messagesPerBatch?: string;
  batches?: string;
  messages?: string;
  totalData?: string;
  duration?: string;
  rateLimit?: string;
  warmupTime?: string;
  samplingTime?: string;
  streams?: string;
  partitions?: string;
  producers?: string;
  consumers?: string;
  groups?: string;
  workers?: string;
  topicOption?: readonly string[];
  streamPrefix?: string;
  reuseStreams?: boolean;
  keep?: boolean;
  remark?: string;
}

/** `batches` is of each actor, the others of all producers (or of all consumers) together. */
export type Amount =
  | { readonly of: 'batches'; readonly value: number }
  | { readonly of: 'messages'; readonly value: number }
  | { readonly of: 'bytes'; readonly value: number }
  | { readonly of: 'durationMs'; readonly value: number };

export interface Plan {
  readonly kind: Kind;
  readonly target: string;
  readonly address: TargetFacts;
  readonly generation: 'auto' | 'vsr' | 'classic';
  readonly messageBytes: Range;
  readonly messagesPerBatch: Range;
  readonly amount: Amount;
  /** Payload bytes a second of all actors; undefined: as fast as it goes. */
  readonly rateBytesPerSecond: number | undefined;
  readonly warmupMs: number;
  readonly samplingMs: number;
  /** Names. */
  readonly streams: readonly string[];
  readonly partitions: number;
  readonly producers: number;
  readonly consumers: number;
  /** Of each stream. */
  readonly groups: readonly string[];
  readonly workers: number;
  readonly topicOptions: Readonly<Record<string, string>>;
  readonly reuseStreams: boolean;
  readonly keep: boolean;
  readonly remark: string | undefined;
}

export const topicName = 'topic-1';
export const defaultTarget = 'iggy://iggy:iggy@127.0.0.1:8090';
const actorsMax = 1024;
const batchBytesMax = 60_000_000;

/** Throws UsageError with what is wrong and what would be right. */
export function planOf(kindName: string, given: GivenOptions): Plan {
  const kind = kindNamed(kindName);
  if (kind === undefined)
    throw new UsageError(`${kindName} is no kind of benchmark: ${kinds.map(({ name, alias }) => `${name} (${alias})`).join(', ')}`);
  const target = given.target ?? defaultTarget;
  const address = targetFacts(target);
  const counts = countsOf(kind, given);
  const messageBytes = parseRange('--message-size', given.messageSize ?? '1000', { min: 1, max: 64_000_000 });
  const messagesPerBatch = parseRange('--messages-per-batch', given.messagesPerBatch ?? '1000', { min: 1, max: 1_000_000 });
  if (messageBytes.max * messagesPerBatch.max > batchBytesMax)
    throw new UsageError(
      `a batch of ${messagesPerBatch.max} messages of ${messageBytes.max} bytes is longer than the ${batchBytesMax} bytes that fit a request`,
    );
  const plan: Plan = {
    kind,
    target,
    address,
    generation: generationOf(given.generation),
    messageBytes,
    messagesPerBatch,
    amount: amountOf(given),
    rateBytesPerSecond: rateOf(given),
    warmupMs: given.warmupTime === undefined ? 0 : parseTime('--warmup-time', given.warmupTime),
    samplingMs: given.samplingTime === undefined ? 100 : parseTime('--sampling-time', given.samplingTime),
    ...counts,
    streams: streamNames(given, counts.streams),
    groups: groupNames(counts.groups),
    workers: workersOf(given, counts.producers + counts.consumers),
    topicOptions: topicOptionsOf(given.topicOption ?? []),
    reuseStreams: given.reuseStreams === true,
    keep: given.keep === true,
    remark: given.remark,
  };
  refuseWhatDoesNotFit(plan);
  return plan;
}

function countsOf(kind: Kind, given: GivenOptions) {
  const { produces, reads, echoes, balanced } = kind;
  const count = (option: string, text: string | undefined, allowed: boolean, initial: number, max = actorsMax) => {
    if (text !== undefined && !allowed) throw new UsageError(`${option} means nothing for ${kind.name}`);
    return allowed ? parseCount(option, text ?? String(initial), 1, max) : 0;
  };
  const producers = count('--producers', given.producers, produces, 8);
  const consumers = count('--consumers', given.consumers, reads !== undefined && !echoes, 8);
  const streams = count('--streams', given.streams, true, balanced ? 1 : producers || consumers);
  const partitions = balanced ? count('--partitions', given.partitions, true, 24, 10_000) : 1;
  if (!balanced && given.partitions !== undefined && given.partitions !== '1')
    throw new UsageError(`${kind.name} has one partition a stream`);
  const groups = count('--groups', given.groups, reads === 'member', 1);

  const actors = (number: number, who: string) => `${number} ${who}${number === 1 ? '' : 's'}`;
  if (balanced && partitions < 2) throw new UsageError(`--partitions ${partitions}: ${kind.name} needs at least 2`);
  if (produces && streams > producers) throw new UsageError(`--streams ${streams}: more than ${actors(producers, 'producer')}`);
  if (consumers > 0 && consumers < streams * Math.max(1, groups))
    throw new UsageError(
      `--consumers ${consumers}: ${actors(streams, 'stream')}${groups > 1 ? ` of ${groups} groups` : ''} want${streams === 1 ? 's' : ''} at least ${streams * Math.max(1, groups)}`,
    );
  const membersMax = Math.ceil(consumers / (streams * Math.max(1, groups)));
  if (reads === 'member' && membersMax > partitions)
    throw new UsageError(`--consumers ${consumers}: a group of ${membersMax} members on ${partitions} partitions has idle ones`);
  return { producers, consumers, streams, partitions, groups };
}

function amountOf(given: GivenOptions): Amount {
  const named = [given.batches, given.messages, given.totalData, given.duration].filter((text) => text !== undefined);
  if (named.length > 1) throw new UsageError('--batches, --messages, --total-data and --duration exclude each other');
  if (given.messages !== undefined) return { of: 'messages', value: parseCount('--messages', given.messages, 1, 2 ** 48) };
  if (given.totalData !== undefined) return { of: 'bytes', value: positive('--total-data', parseSize('--total-data', given.totalData)) };
  if (given.duration !== undefined) return { of: 'durationMs', value: positive('--duration', parseTime('--duration', given.duration)) };
  return { of: 'batches', value: parseCount('--batches', given.batches ?? '1000', 1, 2 ** 40) };
}

function rateOf(given: GivenOptions): number | undefined {
  if (given.rateLimit === undefined) return undefined;
  return positive('--rate-limit', parseSize('--rate-limit', given.rateLimit.replace(/\/s$/, '')));
}

function positive(option: string, value: number): number {
  if (value === 0) throw new UsageError(`${option} must be above zero`);
  return value;
}

function generationOf(text = 'auto'): Plan['generation'] {
  if (text === 'auto' || text === 'vsr' || text === 'classic') return text;
  throw new UsageError(`--generation ${text}: auto, vsr (Iggy 0.9) or classic (Iggy 0.8)`);
}

function streamNames(given: GivenOptions, count: number): string[] {
  if (given.reuseStreams === true && given.streamPrefix === undefined)
    throw new UsageError('--reuse-streams needs --stream-prefix, which names them');
  const prefix = given.streamPrefix ?? `galgo-bench-${randomBytes(4).toString('hex')}`;
  if (prefix === '' || Buffer.byteLength(prefix) > 200) throw new UsageError('--stream-prefix: 1 to 200 bytes');
  return Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`);
}

/** Names of their own, so that in a stream that was there before they begin at its start. */
function groupNames(count: number): string[] {
  const prefix = `galgo-bench-${randomBytes(4).toString('hex')}`;
  return Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`);
}

function workersOf({ workers }: GivenOptions, actors: number): number {
  if (workers === undefined) return Math.min(actors, os.availableParallelism());
  return parseCount('--workers', workers, 1, actors);
}

function topicOptionsOf(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new UsageError(`--topic-option ${text}: KEY=VALUE is wanted, such as durability=persisted`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

function refuseWhatDoesNotFit({ kind, address, generation, topicOptions, reuseStreams, warmupMs, samplingMs }: Plan): void {
  if (address.transport === 'http') {
    if (kind.reads === 'member') throw new UsageError(`${kind.name}: HTTP knows no members of groups; use TCP, QUIC or WebSocket`);
    if (generation !== 'auto') throw new UsageError('--generation: HTTP has but one');
  }
  if (kind.reads === 'member' && !kind.produces && warmupMs > 0)
    throw new UsageError(`--warmup-time: a group reads a message once, so that ${kind.name} cannot warm up`);
  if (kind.reads === 'member' && kind.produces && reuseStreams)
    throw new UsageError(`--reuse-streams: the groups of ${kind.name} would read what is there already`);
  if (samplingMs < 10) throw new UsageError('--sampling-time: at least 10 ms');
  if (Object.keys(topicOptions).length > 0) {
    if (reuseStreams) throw new UsageError('--topic-option says how topics are created, and --reuse-streams creates none');
    if (generation === 'classic') throw new UsageError('--topic-option: clients of the classic generation cannot name options');
  }
}
