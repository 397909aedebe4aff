// A data folder of Iggy: which version wrote it, and whether a server has it open.

import { existsSync, realpathSync } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import path from 'node:path';
import { markerName } from '../../storage/data-folder-marker.ts';
import { ImportError } from './import-error.ts';

export interface SourceFolder {
  path: string;
  /** Classic: Iggy 0.8 and 0.5; vsr: Iggy 0.9. */
  generation: 'classic' | 'vsr';
}

/** Throws ImportError for what is no data folder of Iggy, or is in use. */
export async function openSource(folder: string): Promise<SourceFolder> {
  const has = (name: string) => existsSync(path.join(folder, name));
  if (has(markerName)) throw new ImportError(`${folder} is a data folder of Galgo: copy it, there is nothing to import`);
  const vsr = has('metadata/journal.wal') || has('metadata/snapshot.bin');
  if (!vsr && !has('state/log')) {
    throw new ImportError(`${folder} is no data folder of Iggy: there is neither state/log nor metadata/journal.wal in it`);
  }
  const user = await processUsing(realpathSync(folder));
  if (user !== undefined) throw new ImportError(`${folder} is in use by process ${user}: stop the server first`);
  return { path: folder, generation: vsr ? 'vsr' : 'classic' };
}

/** A process that has a file of the folder open, as far as Linux lets us see that; undefined: none, or it cannot be known. */
async function processUsing(folder: string): Promise<number | undefined> {
  for (const name of await namesIn('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    for (const descriptor of await namesIn(`/proc/${name}/fd`)) {
      const target = await readlink(`/proc/${name}/fd/${descriptor}`).catch(() => '');
      if (target.startsWith(`${folder}${path.sep}`)) return Number(name);
    }
  }
  return undefined;
}

/** None for a folder that is not there or not for us to see. */
async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}
