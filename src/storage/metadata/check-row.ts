// Rows are checked when they are read: what a damaged disk, an edited store or a fault of ours left there is named, instead of surfacing anywhere later.

import { idCounts, type RowKind, type Rows, rowSchemas } from './rows.ts';

/** A row is not what this server writes. The message names it; nothing was changed. */
export class MetadataRowError extends Error {
  override readonly name = 'MetadataRowError';
  readonly code = 'GALGO_METADATA_ROW';

  constructor(kind: RowKind, ids: readonly number[], reason: string, cause?: unknown) {
    super(`the metadata has a damaged row: ${kind} ${ids.join('/')}: ${reason}`, { cause });
  }
}

/** The row that `read` decodes. Throws MetadataRowError. */
export function checkRow<Kind extends RowKind>(kind: Kind, ids: readonly number[], read: () => unknown): Rows[Kind] {
  const [idsMin, idsMax] = idCounts[kind];
  const idsFit = ids.length >= idsMin && ids.length <= idsMax && ids.every((id) => Number.isInteger(id) && id >= 0 && id <= 0xffff_ffff);
  if (!idsFit) throw new MetadataRowError(kind, ids, 'these are not its ids');
  let row: unknown;
  try {
    row = read();
  } catch (error) {
    throw new MetadataRowError(kind, ids, 'it cannot be decoded', error);
  }
  const checked = rowSchemas[kind].safeParse(row);
  if (checked.success) return row as Rows[Kind];
  const [issue] = checked.error.issues;
  throw new MetadataRowError(kind, ids, issue === undefined ? 'wrong' : [...issue.path.map(String), issue.message].join(': '));
}

/** Rows that name each other belong together: topics have their stream, partitions are numbered from 0 on, tokens have their user. Throws MetadataRowError. */
export function checkReferences(store: { ids(kind: RowKind): (readonly number[])[] }): void {
  const holders = (kind: RowKind) => new Set(store.ids(kind).map(String));
  const demand = (found: ReadonlySet<string>, kind: RowKind, ids: readonly number[], above: readonly number[], what: string) => {
    if (!found.has(String(above))) throw new MetadataRowError(kind, ids, `there is no ${what}`);
  };
  const streams = holders('stream');
  const topics = holders('topic');
  const users = holders('user');
  const partitions = store.ids('partition');
  for (const ids of store.ids('topic')) demand(streams, 'topic', ids, ids.slice(0, 1), 'stream of it');
  for (const ids of store.ids('group')) demand(topics, 'group', ids, ids.slice(0, 2), 'topic of it');
  for (const ids of store.ids('token')) demand(users, 'token', ids, ids.slice(0, 1), 'user of it');
  const numbered = new Set(partitions.map(String));
  for (const ids of partitions) {
    const [stream, topic, id] = ids as [number, number, number];
    demand(topics, 'partition', ids, [stream, topic], 'topic of it');
    if (id > 0) demand(numbered, 'partition', ids, [stream, topic, id - 1], `partition ${id - 1} before it`);
  }
}
