// What the server says of itself: what stands beside every figure.

import { isIP } from 'node:net';
import os from 'node:os';
import { type Plan, topicName } from '../plan/plan.ts';
import { readConfigSnapshot } from './config-snapshot.ts';
import type { Control, TopicFacts } from './control.ts';
import { fileSystemOf } from './machine.ts';

export interface ServerFacts {
  product: 'Galgo' | 'Iggy';
  version: string;
  hostname: string;
  os: string;
  kernel: string;
  /** Of the server; known when it runs on this machine. */
  processId: number | undefined;
  /** Of a send's acknowledgement: `none`, `interval` or `group` of Galgo; of Iggy what its settings say; `unknown`. */
  durability: string;
  /** Settings with a bearing on speed, as the server tells them. */
  settings: Record<string, string>;
  /** Options of the topic. */
  topicOptions: Record<string, string>;
  /** Of its data folder; known when it is on this machine. */
  fileSystem: string | undefined;
}

const telling =
  /(^|\.)(durability|consumer_offset_durability|enforce_fsync|direct_io|cpu_allocation|workers|worker_threads|messages_required_to_save|sync_threads)$|(encryption|message_deduplication)\.enabled$|segment\.size$/;

/** Reads everything back from the server. The topics of the plan exist. */
export async function readServerFacts(control: Control, plan: Plan): Promise<ServerFacts> {
  const stats = await control.stats();
  const topic = (await control.topic(plan.streams[0] as string, topicName)) as TopicFacts;
  const defaults = await control.topicDefaults();
  const archive = await control.configSnapshot();
  const config = (archive && (await readConfigSnapshot(archive))) ?? new Map<string, string>();
  const isGalgo = config.has('engine.durability') || defaults?.has('galgo.durability') === true;
  const here = stats.hostname === os.hostname() && isLoopback(plan.address.host);
  const dataPath = config.get('system.path');
  return {
    product: isGalgo ? 'Galgo' : 'Iggy',
    version: stats.version,
    hostname: stats.hostname,
    os: stats.os,
    kernel: stats.kernel,
    processId: here ? stats.processId : undefined,
    durability: isGalgo ? galgoDurability(topic.options, config, defaults) : iggyDurability(topic.options, config),
    settings: Object.fromEntries([...config].filter(([key]) => telling.test(key))),
    topicOptions: Object.fromEntries(topic.options),
    fileSystem: here && dataPath !== undefined ? fileSystemOf(dataPath) : undefined,
  };
}

type Texts = ReadonlyMap<string, string>;

/** The rules of Galgo's topics: its own option wins, `persisted` is `group`, anything else is the server's default. */
function galgoDurability(options: Texts, config: Texts, defaults: Texts | undefined): string {
  const own = options.get('galgo.durability');
  if (own !== undefined) return own;
  if (options.get('durability') === 'persisted') return 'group';
  const byDefault = defaults?.get('galgo.durability');
  if (byDefault !== undefined) return byDefault;
  return config.get('system.partition.enforce_fsync') === 'true' ? 'group' : (config.get('engine.durability') ?? 'unknown');
}

function iggyDurability(options: Texts, config: Texts): string {
  const option = options.get('durability');
  if (option !== undefined) return option;
  const fsync = config.get('system.partition.enforce_fsync');
  return fsync === undefined ? 'unknown' : `enforce_fsync = ${fsync}`;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
