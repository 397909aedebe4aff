// GetSnapshot: a ZIP archive for whoever has to find out what ails a server, with one text file for each thing asked for. Everything is read here and now; no program is run.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import { folderListing } from '../observability/folder-listing.ts';
import { processList } from '../observability/process-list.ts';
import { getSnapshot } from '../protocol/commands/get-snapshot.ts';
import { SnapshotCompression, SnapshotType } from '../protocol/primitives/enumerations.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { System } from '../streaming/system.ts';
import { type Handler, handler } from './handler.ts';
import { limitFigures } from './limit-figures.ts';
import type { SystemFacts } from './system.ts';

type Entry = Exclude<SnapshotType, typeof SnapshotType.all>;

const entryNames: Readonly<Record<Entry, string>> = {
  [SnapshotType.filesystemOverview]: 'filesystem_overview',
  [SnapshotType.processList]: 'process_list',
  [SnapshotType.resourceUsage]: 'resource_usage',
  [SnapshotType.test]: 'test',
  [SnapshotType.serverLogs]: 'server_logs',
  [SnapshotType.serverConfig]: 'server_config',
};

/** What `all` stands for. */
const allEntries: readonly Entry[] = [
  SnapshotType.filesystemOverview,
  SnapshotType.processList,
  SnapshotType.resourceUsage,
  SnapshotType.serverLogs,
  SnapshotType.serverConfig,
];

/** Errors: 41, 3 `all` together with others, 5 a compression that ZIP readers seldom know. */
export function snapshotHandler(facts: SystemFacts): Handler {
  return handler(getSnapshot, async ({ system, client }, { compression, types }) => {
    system.users.authorize(client.userId, 'read-servers');
    const entries = entriesOf(types);
    if (compression !== SnapshotCompression.stored && compression !== SnapshotCompression.deflated) {
      throw new ProtocolError('feature-unavailable', `snapshot compression ${compression}: 1 stored and 2 deflated are known`);
    }
    const archive = new ZipFile();
    for (const entry of entries) {
      try {
        const text = await contentOf(entry, facts, system);
        archive.addBuffer(Buffer.from(text), `${entryNames[entry]}.txt`, { compress: compression === SnapshotCompression.deflated });
      } catch (error) {
        system.log.warn({ err: error, entry: entryNames[entry] }, 'left out of a snapshot');
      }
    }
    archive.end();
    return buffer(archive.outputStream);
  });
}

function entriesOf(types: readonly SnapshotType[]): readonly Entry[] {
  const asked = new Set(types);
  if (!asked.has(SnapshotType.all)) return [...asked] as Entry[];
  if (types.length > 1) throw new ProtocolError('invalid-command', 'all stands alone');
  return allEntries;
}

function contentOf(entry: Entry, facts: SystemFacts, system: System): string | Promise<string> {
  switch (entry) {
    case SnapshotType.filesystemOverview:
      return folderListing(facts.dataPath);
    case SnapshotType.processList:
      return processList();
    case SnapshotType.resourceUsage:
      return resourceUsage(facts, system);
    case SnapshotType.test:
      return 'test';
    case SnapshotType.serverLogs:
      return facts.recentLog();
    case SnapshotType.serverConfig:
      // Holds no secret: credentials are no settings.
      return readFile(path.join(facts.dataPath, 'runtime', 'current_config.toml'), 'utf8');
  }
}

function resourceUsage(facts: SystemFacts, system: System): string {
  const figures = [
    ...Object.entries(facts.processStats()),
    ...Object.entries(process.memoryUsage()),
    ...Object.entries(process.resourceUsage()),
  ];
  const limits = limitFigures(system, facts.connectionsMax).map(({ name, used, max }) => `${name}: ${used} of ${max}`);
  const memory = Object.entries(system.engine.memoryStats()).map(([kind, bytes]) => `${kind}: ${bytes}`);
  const sections = { limits, memory, 'fenced partitions': fencedPartitions(system), damage: knownDamage(system) };
  const text = Object.entries(sections).map(([title, lines]) => `\n${title}\n${lines.length > 0 ? lines.join('\n') : 'none'}\n`);
  return `${figures.map(([name, value]) => `${name}: ${value}`).join('\n')}\n${text.join('')}`;
}

const linesMax = 1000;

function fencedPartitions(system: System): string[] {
  const lines: string[] = [];
  for (const stream of system.streams.values()) {
    for (const topic of stream.topics.values()) {
      for (const { id, handle } of topic.partitions) {
        const { fence } = system.engine.stats(handle);
        if (fence === undefined || lines.length >= linesMax) continue;
        lines.push(
          `stream ${stream.id}, topic ${topic.id}, partition ${id}: ${fence.reason}${fence.errno === 0 ? '' : `, errno ${fence.errno}`}`,
        );
      }
    }
  }
  return lines;
}

function knownDamage(system: System): string[] {
  const lines = [...system.damage.list()].flatMap(({ stream, topic, partition, damages }) =>
    damages.map(
      ({ segment, position, bytes, firstOffset, endOffset }) =>
        `stream ${stream}, topic ${topic}, partition ${partition}, segment ${segment}: ${bytes} bytes from ${position} on, offsets ${firstOffset} to ${endOffset - 1}`,
    ),
  );
  return lines.slice(0, linesMax);
}
