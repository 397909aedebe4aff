// The metadata folder of Iggy 0.9: the last snapshot, and the operations after it. The root user is made by every server at its first start without an operation, so that
// it is in a snapshot or nowhere.

import path from 'node:path';
import { ProtocolError } from '../../protocol/protocol-error.ts';
import { rootUserId } from '../../streaming/users.ts';
import type { Report } from '../source/report.ts';
import { readSmallFile, SourceFile } from '../source/source-file.ts';
import { MisfitError, SourceModel } from '../source/source-model.ts';
import { type JournalEntry, readEntryBody, readJournal } from './journal.ts';
import { replayOperation } from './journal-replay.ts';
import { restoreSnapshot } from './snapshot.ts';
import { readSuperblock } from './superblock.ts';

/** A snapshot is read whole. */
const snapshotBytesMax = 1024 * 1024 * 1024;
const defaultRootName = 'iggy';

export async function readVsrMetadata(folder: string, xxh3: (bytes: Uint8Array) => bigint, report: Report): Promise<SourceModel> {
  const superblock = await readSuperblock(folder, xxh3, report);
  const { model, op } = await readSnapshot(path.join(folder, 'snapshot.bin'), xxh3, report);
  if (superblock !== undefined && superblock.checkpointOp > op) {
    const reason = `the snapshot is of op ${op}, the superblock names one of op ${superblock.checkpointOp}`;
    report.damage({ file: path.join(folder, 'snapshot.bin'), position: 0, reason });
  }
  if (model.users.get(rootUserId) === undefined) {
    model.addUser({
      id: rootUserId,
      name: defaultRootName,
      createdAt: 1n,
      passwordHash: undefined,
      active: true,
      permissions: undefined,
    });
  }
  const file = await SourceFile.open(path.join(folder, 'journal.wal'));
  if (file === undefined) return model;
  try {
    const entries = await readJournal(file, op, xxh3, report);
    // With one node everything that is written is committed.
    const alone = superblock === undefined || superblock.replicas <= 1;
    const committed = alone ? entries : committedOf(entries, superblock.commitMax);
    if (committed.length < entries.length) {
      report.note(`${entries.length - committed.length} changes of metadata were not yet committed by the cluster and are left out`);
    }
    for (const entry of committed) await replay(model, file, entry, report);
  } finally {
    await file.close();
  }
  return model;
}

async function readSnapshot(
  file: string,
  xxh3: (bytes: Uint8Array) => bigint,
  report: Report,
): Promise<{ model: SourceModel; op: bigint }> {
  const bytes = await readSmallFile(file, snapshotBytesMax);
  if (bytes !== undefined) {
    try {
      const model = new SourceModel();
      return { op: restoreSnapshot(model, bytes, xxh3), model };
    } catch (error) {
      if (!(error instanceof MisfitError)) throw error;
      report.damage({ file, position: 0, reason: error.message });
    }
  }
  return { model: new SourceModel(), op: 0n };
}

function committedOf(entries: readonly JournalEntry[], commitMax: bigint): JournalEntry[] {
  // What an entry says of those before it was true when it was written.
  return entries.filter(({ op }) => op <= commitMax || entries.some(({ commit }) => op <= commit));
}

async function replay(model: SourceModel, file: SourceFile, entry: JournalEntry, report: Report): Promise<void> {
  const damage = (reason: string) => report.damage({ file: file.path, position: entry.position, reason });
  try {
    if (!replayOperation(model, entry, await readEntryBody(file, entry))) damage(`operation ${entry.operation} is not known`);
  } catch (error) {
    // Refused by Iggy for the same reason.
    if (error instanceof MisfitError) return;
    if (!ProtocolError.is(error)) throw error;
    damage(`the operation cannot be read: ${error.message}`);
  }
}
