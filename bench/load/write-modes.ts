// The lines of the load table by how logs are written: through the page cache or past it, with durability `interval` and `group`. Four servers take turns, so that they meet the
// same machine.
//
//   npm run build && node --import tsx bench/load/write-modes.ts --clients PATH_TO_iggy-clients [--repetitions 5] [--scale 0.2] [--generation vsr] [--only TEXT]

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Generation } from '../../src/protocol/command.ts';
import { type ServerProcess, startServerProcess } from '../../test/support/test-server.ts';
import { loadLines } from './load-lines.ts';
import { runOfficialLoad } from './official-client.ts';
import { spread } from './spread.ts';

const { values } = parseArgs({
  options: {
    clients: { type: 'string' },
    repetitions: { type: 'string', default: '5' },
    scale: { type: 'string', default: '0.2' },
    generation: { type: 'string', default: 'vsr' },
    only: { type: 'string', default: '' },
  },
});
if (values.clients === undefined) throw new Error('--clients names the iggy-clients binary');
const program = values.clients;
const generation = values.generation as Generation;

const modes = (['interval', 'group'] as const).flatMap((durability) => [
  { durability, direct: false },
  { durability, direct: true },
]);

const folder = mkdtempSync(path.join(os.tmpdir(), 'galgo-bench-'));
const servers: ServerProcess[] = [];
try {
  for (const { durability, direct } of modes) {
    const environment = { GALGO_ENGINE_DURABILITY: durability, GALGO_SYSTEM_SEGMENT_DIRECT_IO: String(direct) };
    servers.push(await startServerProcess(path.join(folder, `${durability}-${direct}`), environment));
  }
  console.log(
    `Node ${process.version}, ${os.cpus().length} × ${os.cpus()[0]?.model}, ${os.type()} ${os.release()}, ${generation} clients\n`,
  );
  const names = modes.map(({ durability, direct }) => `${durability}, ${direct ? 'direct' : 'buffered'}`);
  console.log(`| Messages/s | ${names.join(' | ')} |`);
  console.log(`|---|${names.map(() => '---|').join('')}`);
  for (const { kind, batch, size, tasks, batches } of loadLines) {
    const name = `${kind} ${batch} × ${size} B, ${tasks} ${kind === 'send' ? 'producers' : 'consumers'}`;
    if (!name.includes(values.only)) continue;
    const load = { generation, kind, tasks, batch, size, batches: Math.max(10, Math.round(batches * Number(values.scale))) };
    const rates = servers.map((): number[] => []);
    for (let round = 0; round < Number(values.repetitions); round++) {
      for (const [index, server] of servers.entries()) {
        rates[index]?.push((await runOfficialLoad(program, server.address, load)).messagesPerSecond);
      }
    }
    console.log(`| ${name} | ${rates.map((each) => spread(each)).join(' | ')} |`);
  }
} finally {
  for (const server of servers) await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
