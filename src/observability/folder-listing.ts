// What is in a folder and all below it, by name and size.

import { opendir, stat, statfs } from 'node:fs/promises';
import path from 'node:path';

const entriesMax = 20_000;

/** The file system's size and free space in bytes, then one line for each file and folder: kind, bytes, time of change, path. */
export async function folderListing(folder: string): Promise<string> {
  const { bsize, blocks, bavail } = await statfs(folder);
  const rows = [`file system: ${blocks * bsize} bytes, ${bavail * bsize} free`, `folder: ${folder}`];
  const waiting = [folder];
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    for await (const entry of await opendir(below)) {
      if (rows.length >= entriesMax) return `${rows.join('\n')}\nand more\n`;
      const full = path.join(below, entry.name);
      // Segments come and go.
      const facts = await stat(full).catch(() => undefined);
      if (facts === undefined) continue;
      rows.push(`${entry.isDirectory() ? 'd' : '-'} ${facts.size} ${facts.mtime.toISOString()} ${path.relative(folder, full)}`);
      if (entry.isDirectory()) waiting.push(full);
    }
  }
  return `${rows.join('\n')}\n`;
}
