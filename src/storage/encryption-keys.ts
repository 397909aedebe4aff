// Which keys a data folder is encrypted with. The metadata holds the id of every key that messages were encrypted with, written before the first of them, so that a start
// with other keys is refused instead of finding messages that it cannot read. A key is forgotten when no segment has it any more.
//
// The id is derived from the key (HKDF-SHA-256, RFC 5869) and tells nothing about it. Records name it (native/engine/encrypted_record.h).

import { hkdfSync } from 'node:crypto';
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { EncryptionSettings } from '../config/encryption-keys.ts';
import type { Change, Ids, MetadataStore } from './metadata/metadata-store.ts';
import { namesIn } from './names-in.ts';

export interface EncryptionKey {
  id: bigint;
  key: Buffer;
}

/** What the engine encrypts and decrypts with. */
export interface EngineEncryption {
  /** New messages are encrypted, with the first key. */
  encrypts: boolean;
  keys: readonly EncryptionKey[];
}

/** The configured keys do not fit the data folder. The message says what to do. */
export class EncryptionKeyError extends Error {
  override readonly name = 'EncryptionKeyError';
  readonly code = 'GALGO_ENCRYPTION_KEY';
}

export function engineEncryption({ enabled, keys }: EncryptionSettings): EngineEncryption {
  return { encrypts: enabled, keys: keys.map((text) => encryptionKey(Buffer.from(text, 'base64'))) };
}

/** As records name it in their headers, hexadecimal. */
export function keyIdText(id: bigint): string {
  return id.toString(16).padStart(16, '0');
}

/** What the metadata has to hold before messages are encrypted. */
export function noteWritingKey({ encrypts, keys: [key] }: EngineEncryption, nowMicros: bigint): Change[] {
  return encrypts && key !== undefined ? [{ put: 'encryptionKey', ids: idsOf(key.id), row: { since: String(nowMicros) } }] : [];
}

/** Before any partition is opened. Throws EncryptionKeyError if messages were encrypted with a key that is not configured. */
export async function claimEncryptionKeys(
  store: MetadataStore,
  dataPath: string,
  encryption: EngineEncryption,
  nowMicros: bigint,
): Promise<void> {
  const configured = new Set(encryption.keys.map(({ id }) => id));
  const noted = new Set(store.all('encryptionKey').map(({ ids }) => idOf(ids)));
  const missing = [...noted].filter((id) => !configured.has(id));
  if (missing.length > 0) {
    const uses = await findEncryptedSegments(dataPath);
    const needed = missing.filter((id) => uses.has(id));
    if (needed.length > 0)
      throw new EncryptionKeyError(needed.map((id) => refusal(dataPath, id, uses.get(id) ?? [], configured)).join('\n'));
  }
  const changes: Change[] = missing.map((id) => ({ remove: 'encryptionKey', ids: idsOf(id) }));
  const [key] = encryption.keys;
  if (key !== undefined && !noted.has(key.id)) changes.push(...noteWritingKey(encryption, nowMicros));
  if (changes.length > 0) await store.commit(changes);
}

function refusal(dataPath: string, id: bigint, segments: readonly string[], configured: ReadonlySet<bigint>): string {
  const [example = ''] = segments;
  const which = configured.size === 0 ? 'none is configured' : `those configured are ${[...configured].map(keyIdText).join(', ')}`;
  return (
    `the data folder ${dataPath} holds messages that are encrypted with the key ${keyIdText(id)}, but ${which}: ` +
    `system.encryption.key must be that key, or system.encryption.previous_keys must name it. ` +
    `Segments with it: ${segments.length}, such as ${path.relative(dataPath, example)}`
  );
}

/** A segment has one key, so its first record tells. */
async function findEncryptedSegments(dataPath: string): Promise<Map<bigint, string[]>> {
  const found = new Map<bigint, string[]>();
  let folders = [path.join(dataPath, 'streams')];
  for (const level of [undefined, 'topics', undefined, 'partitions', undefined]) {
    const below = folders.map(async (folder) =>
      level === undefined ? (await namesIn(folder)).map((name) => path.join(folder, name)) : [path.join(folder, level)],
    );
    folders = (await Promise.all(below)).flat();
  }
  for (const folder of folders) {
    for (const name of await namesIn(folder)) {
      if (!name.endsWith('.log')) continue;
      const file = path.join(folder, name);
      const id = await keyIdOf(file);
      if (id !== undefined) found.set(id, [...(found.get(id) ?? []), file]);
    }
  }
  return found;
}

// Of the record header, see native/engine/record.h.
const headerBytes = 256;
const flagsAt = 54;
const encryptedFlag = 1;
const keyIdAt = 108;

/** Undefined: not encrypted, or empty. */
async function keyIdOf(file: string): Promise<bigint | undefined> {
  const handle = await open(file);
  try {
    const header = Buffer.alloc(headerBytes);
    const { bytesRead } = await handle.read(header, 0, headerBytes, 0);
    if (bytesRead < headerBytes || (header.readUInt16LE(flagsAt) & encryptedFlag) === 0) return undefined;
    return header.readBigUInt64LE(keyIdAt);
  } finally {
    await handle.close();
  }
}

function encryptionKey(key: Buffer): EncryptionKey {
  const id = Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), 'galgo id of an encryption key', 8)).readBigUInt64LE(0);
  // 0 stands for none.
  return { id: id === 0n ? 1n : id, key };
}

/** Ids of rows have 32 bits. */
function idsOf(id: bigint): Ids {
  return [Number(id >> 32n), Number(id & 0xffff_ffffn)];
}

function idOf([high = 0, low = 0]: Ids): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}
