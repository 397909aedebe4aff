// From the metadata files of the source to the model, whichever version wrote them.

import path from 'node:path';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { type StateGeneration, StateLog } from './classic/state-log.ts';
import { replayStateEntry } from './classic/state-replay.ts';
import type { Decrypt } from './source/encryption.ts';
import { ImportError } from './source/import-error.ts';
import type { SourceFolder } from './source/open-source.ts';
import type { Report } from './source/report.ts';
import { SourceFile } from './source/source-file.ts';
import { MisfitError, SourceModel } from './source/source-model.ts';
import { readVsrMetadata } from './vsr/read-vsr-metadata.ts';

export interface SourceMetadata {
  model: SourceModel;
  layout: StateGeneration | '0.9';
}

export async function readMetadata(
  source: SourceFolder,
  xxh3: (bytes: Uint8Array) => bigint,
  decrypt: Decrypt | undefined,
  report: Report,
): Promise<SourceMetadata> {
  if (source.generation === 'vsr') return { model: await readVsrMetadata(path.join(source.path, 'metadata'), xxh3, report), layout: '0.9' };
  const file = await SourceFile.open(path.join(source.path, 'state', 'log'));
  if (file === undefined) throw new ImportError(`${source.path}/state/log has gone`);
  try {
    const log = new StateLog(file, xxh3, decrypt, report);
    const layout = await log.generation();
    const model = new SourceModel(layout === '0.5' ? 1 : 0);
    for await (const entry of log.entries(layout)) {
      try {
        replayStateEntry(model, entry);
      } catch (error) {
        if (!(error instanceof MisfitError) && !ProtocolError.is(error)) throw error;
        report.damage({ file: file.path, position: entry.position, reason: `the entry cannot be applied: ${error.message}` });
      }
    }
    if (layout === '0.5')
      report.note('Iggy 0.5 numbers partitions from 1; here they begin with 0. The ids of streams and topics are as they were');
    return { model, layout };
  } finally {
    await file.close();
  }
}
