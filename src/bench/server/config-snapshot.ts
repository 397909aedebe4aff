// The configuration in force, out of a snapshot of the server: a ZIP archive with a TOML file.

import { buffer } from 'node:stream/consumers';
import { parse } from 'smol-toml';
import yauzl from 'yauzl';

/** A configuration is a few kilobytes; an archive that claims more is not read. */
const configBytesMax = 4 * 1024 * 1024;

/** Scalar values by dotted path. Undefined: the archive holds no configuration that can be read. */
export async function readConfigSnapshot(archive: Uint8Array): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    const text = await firstEntry(Buffer.from(archive.buffer, archive.byteOffset, archive.length));
    return text === undefined ? undefined : new Map(scalars(parse(text), ''));
  } catch {
    return undefined;
  }
}

async function firstEntry(archive: Buffer): Promise<string | undefined> {
  const file = await yauzl.fromBufferPromise(archive, { lazyEntries: true });
  for await (const entry of file.eachEntry()) {
    if (!entry.fileName.includes('config') || entry.uncompressedSize > configBytesMax) continue;
    return (await buffer(await file.openReadStreamPromise(entry))).toString();
  }
  return undefined;
}

function scalars(table: object, path: string): [string, string][] {
  return Object.entries(table).flatMap(([key, value]: [string, unknown]): [string, string][] => {
    const name = path === '' ? key : `${path}.${key}`;
    if (typeof value === 'object' && value !== null) return Array.isArray(value) ? [] : scalars(value, name);
    return [[name, String(value)]];
  });
}
