// Sends that are on the device before they are acknowledged (durability `group`), beside appends and syncs of bare files in the same run.
//
//   npm run build && node --import tsx bench/load/durable.ts --clients PATH_TO_iggy-clients [--repetitions 5] [--scale 1] [--generation vsr] [--only TEXT]
//
// Each row of the table is a server with its own way of writing: what space is made ahead of the logs' ends, and whether appends pass the page cache. In each repetition the bare
// files, and then every server in turn, do the same amount. `galgo-bench-` folders are made in TMPDIR, which chooses the disk, and removed.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Generation } from '../../src/protocol/command.ts';
import { type ServerProcess, startServerProcess } from '../../test/support/test-server.ts';
import { runOfficialLoad } from './official-client.ts';
import { rawAppendsPerSecond } from './raw-appends.ts';
import { median, spread } from './spread.ts';

const { values } = parseArgs({
  options: {
    clients: { type: 'string' },
    repetitions: { type: 'string', default: '5' },
    scale: { type: 'string', default: '1' },
    generation: { type: 'string', default: 'vsr' },
    only: { type: 'string', default: '' },
  },
});
if (values.clients === undefined) throw new Error('--clients names the iggy-clients binary');
const program = values.clients;
const generation = values.generation as Generation;
const scaled = (count: number): number => Math.max(10, Math.round(count * Number(values.scale)));

const large = { producers: 2, batch: 1000, size: 1000, sends: scaled(300) };
const single = { producers: 8, sends: scaled(2000) };
/** What a send of a single message of 100 bytes is in the log: a record's head, a frame's head and the payload. */
const singleRecordBytes = 256 + 48 + 100;

const ways = (['none', 'reserve', 'prewrite'] as const).flatMap((spaceAhead) =>
  ([false, true] as const).map((directIo) => ({ name: `${spaceAhead}, ${directIo ? 'direct' : 'buffered'}`, spaceAhead, directIo })),
);

class Candidate {
  readonly name: string;
  readonly server: ServerProcess;
  readonly largePerSecond: number[] = [];
  readonly largeOfRaw: number[] = [];
  readonly onePerSecond: number[] = [];
  readonly eightPerSecond: number[] = [];
  readonly eightOfRaw: number[] = [];
  readonly eightOfOne: number[] = [];
  readonly onePercentile99Us: number[] = [];

  constructor(name: string, server: ServerProcess) {
    this.name = name;
    this.server = server;
  }

  async measure(rawLargePerSecond: number, rawEightPerSecond: number): Promise<void> {
    const { address } = this.server;
    const { producers, batch, size, sends } = large;
    const sent = await runOfficialLoad(program, address, { generation, kind: 'send', tasks: producers, batch, size, batches: sends });
    this.largePerSecond.push((sent.messagesPerSecond * size) / 1e6);
    this.largeOfRaw.push(sent.messagesPerSecond / batch / rawLargePerSecond);
    const ofTasks = (tasks: number) =>
      runOfficialLoad(program, address, { generation, kind: 'send', tasks, batch: 1, size: 100, batches: single.sends });
    const one = await ofTasks(1);
    const eight = await ofTasks(single.producers);
    this.onePerSecond.push(one.messagesPerSecond);
    this.onePercentile99Us.push(one.p99Us);
    this.eightPerSecond.push(eight.messagesPerSecond);
    this.eightOfRaw.push(eight.messagesPerSecond / rawEightPerSecond);
    this.eightOfOne.push(eight.messagesPerSecond / one.messagesPerSecond);
  }

  row(): string {
    const cells = [
      spread(this.largePerSecond),
      spread(this.largeOfRaw, 2),
      spread(this.onePerSecond),
      median(this.onePercentile99Us).toFixed(0),
      spread(this.eightPerSecond),
      spread(this.eightOfRaw, 2),
      spread(this.eightOfOne, 2),
    ];
    return `| ${this.name} | ${cells.join(' | ')} |`;
  }
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'galgo-bench-'));
const rawFolder = path.join(folder, 'raw');
mkdirSync(rawFolder);
const candidates: Candidate[] = [];
try {
  for (const { name, spaceAhead, directIo } of ways.filter((way) => way.name.includes(values.only))) {
    const environment = {
      GALGO_ENGINE_DURABILITY: 'group',
      GALGO_ENGINE_SPACE_AHEAD: spaceAhead,
      GALGO_SYSTEM_SEGMENT_DIRECT_IO: String(directIo),
    };
    candidates.push(new Candidate(name, await startServerProcess(path.join(folder, `${spaceAhead}-${directIo}`), environment)));
  }
  const raw = { large: [] as number[], one: [] as number[], eight: [] as number[] };
  for (let round = 0; round < Number(values.repetitions); round++) {
    const rawLarge = await rawAppendsPerSecond(rawFolder, large.producers, large.batch * large.size, large.sends);
    raw.large.push(rawLarge);
    raw.one.push(await rawAppendsPerSecond(rawFolder, 1, singleRecordBytes, single.sends));
    const rawEight = await rawAppendsPerSecond(rawFolder, single.producers, singleRecordBytes, single.sends);
    raw.eight.push(rawEight);
    for (const candidate of candidates) await candidate.measure(rawLarge, rawEight);
  }

  console.log(
    `Node ${process.version}, ${os.cpus().length} × ${os.cpus()[0]?.model}, ${os.type()} ${os.release()}, durability group, ${generation} clients\n`,
  );
  console.log(
    '| Space ahead, writes | 1 MB, 2 producers, MB/s | of bare files | 1 × 100 B, 1 producer, messages/s | p99, µs | 8 producers on 8 partitions | of bare files | of one producer |',
  );
  console.log('|---|---|---|---|---|---|---|---|');
  const rawMegabytes = raw.large.map((rate) => (rate * large.batch * large.size) / 1e6);
  const rawRatio = raw.eight.map((rate, round) => rate / (raw.one[round] as number));
  console.log(`| bare files | ${spread(rawMegabytes)} | 1 | ${spread(raw.one)} | | ${spread(raw.eight)} | 1 | ${spread(rawRatio, 2)} |`);
  for (const candidate of candidates) console.log(candidate.row());
} finally {
  for (const { server } of candidates) await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
