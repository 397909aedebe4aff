// What the disk alone gives: files that grow by equal appends, each followed by fdatasync, one process a file, all begun at once.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(import.meta.url);

/** Appends a second of all files together, from the common start to the end of the last one. The files are made in `folder`, and removed. */
export async function rawAppendsPerSecond(folder: string, files: number, bytes: number, appends: number): Promise<number> {
  const writers = Array.from({ length: files }, (_, index) =>
    fork(program, [path.join(folder, `raw-${index}`), String(bytes), String(appends)], { execArgv: ['--import', 'tsx'] }),
  );
  await Promise.all(writers.map((writer) => once(writer, 'message')));
  const begunMs = performance.now();
  await Promise.all(
    writers.map((writer) => {
      writer.send('begin');
      return once(writer, 'message');
    }),
  );
  return (files * appends * 1000) / (performance.now() - begunMs);
}

if (process.argv[1] === program) {
  const [file, bytes, appends] = [process.argv[2] as string, Number(process.argv[3]), Number(process.argv[4])];
  const content = Buffer.alloc(bytes, 'x');
  const descriptor = openSync(file, 'wx');
  process.send?.('ready');
  await once(process, 'message');
  for (let i = 0; i < appends; i++) {
    writeSync(descriptor, content, 0, bytes, i * bytes);
    fdatasyncSync(descriptor);
  }
  process.send?.('done');
  closeSync(descriptor);
  rmSync(file);
  process.disconnect();
}
