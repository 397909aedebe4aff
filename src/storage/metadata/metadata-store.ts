// The metadata store: LMDB, opened by one process, written by one thread. A commit is on the device when its promise resolves.

import path from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { checkRow } from './check-row.ts';
import type { RowKind, Rows } from './rows.ts';

const schemaVersion = 1;
const schemaKey = ['schema'];
const checkKey = ['check'];

/** Ids from the outermost inwards: stream, topic, partition or group; user, token. */
export type Ids = readonly number[];

export type Change =
  | { [Kind in RowKind]: { put: Kind; ids: Ids; row: Rows[Kind] } }[RowKind]
  /** With `below`, also every row whose ids begin with these. */
  | { remove: RowKind; ids: Ids; below?: boolean };

export interface MetadataStore {
  /** True if this start made the store. */
  readonly created: boolean;
  /** Every row of a kind, by ascending ids. Throws MetadataRowError for one that cannot be what this server wrote. */
  all<Kind extends RowKind>(kind: Kind): { ids: Ids; row: Rows[Kind] }[];
  /** The ids of every row of a kind, in the same order. */
  ids(kind: RowKind): Ids[];
  /** Applies all changes or none. Resolves once they survive a power failure. */
  commit(changes: readonly Change[]): Promise<void>;
  /** Writes something that nobody reads. Resolves once it is on the device; rejects if it cannot be written. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** Opens or creates the store in `folder`. Throws if it was written by a newer version. */
export async function openMetadataStore(folder: string): Promise<MetadataStore> {
  const db: RootDatabase = open({ path: path.join(folder, 'metadata'), encoding: 'json', overlappingSync: true, cache: false });
  const version = db.get(schemaKey) as number | undefined;
  if (version !== undefined && version > schemaVersion) {
    await db.close();
    throw new Error(`the metadata in ${folder} has version ${version}; this server reads up to ${schemaVersion}`);
  }
  if (version === undefined) {
    await db.put(schemaKey, schemaVersion);
    await db.flushed;
  }

  const idsOf = (kind: RowKind): Ids[] =>
    [...db.getKeys({ start: [kind], end: [kind, Number.POSITIVE_INFINITY] })].map(
      (key) => (key as [string, ...number[]]).slice(1) as number[],
    );

  return {
    created: version === undefined,

    all<Kind extends RowKind>(kind: Kind) {
      return idsOf(kind).map((ids) => ({ ids, row: checkRow(kind, ids, () => db.get([kind, ...ids])) }));
    },

    ids: idsOf,

    async commit(changes) {
      await db.transaction(() => {
        for (const change of changes) {
          if ('put' in change) db.put([change.put, ...change.ids], change.row);
          else if (change.below) removeBelow(db, change.remove, change.ids);
          else db.remove([change.remove, ...change.ids]);
        }
      });
      await db.flushed;
    },

    async check() {
      await db.put(checkKey, Date.now());
      await db.flushed;
    },

    async close() {
      await db.close();
    },
  };
}

function removeBelow(db: RootDatabase, kind: RowKind, ids: Ids): void {
  const keys = [...db.getKeys({ start: [kind, ...ids], end: [kind, ...ids, Number.POSITIVE_INFINITY] })];
  for (const key of keys) db.remove(key);
}
