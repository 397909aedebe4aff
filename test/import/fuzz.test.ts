// Files with bytes changed, inserted and cut at random: an import ends with a result or an ImportError, and never takes memory or time beyond what the files are worth.

import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { ImportError } from '../../src/import/source/import-error.ts';
import { testMessages } from '../support/messages.ts';
import { temporaryFolder } from '../support/test-server.ts';
import { logFile, StateLogWriter, writeLog, writeOffset } from './support/iggy-folder.ts';
import { numeric, short, u32, u64 } from './support/little-endian.ts';
import { runImport } from './support/run-import.ts';
import { frame05, frame08, record09, stored } from './support/stored-messages.ts';
import { createTopicBody, JournalWriter, writeSnapshot, writeSuperblock } from './support/vsr-metadata.ts';

const folder = temporaryFolder();
after(() => folder.remove());
const messages = stored(testMessages(0, 30), 0n, 1_700_000_000_000_000n);
const place = [0, 0, 0] as const;

/** Folders by name, and the files in them that are to be mutilated. */
const samples: Record<string, { files: string[] }> = {
  '0.8': { files: ['state/log', 'log'] },
  '0.5': { files: ['state/log', 'log'] },
  '0.9': { files: ['metadata/journal.wal', 'metadata/snapshot.bin', 'metadata/superblock.a', 'log'] },
};

function sample(layout: string): string {
  const source = path.join(folder.path, layout);
  if (layout === '0.9') {
    writeSnapshot(source, [3, 0, 1n, [[[0, [0, 'iggy', 'hash', 'active', 1, null, new Map()]]], [], []], [[], 0], null, 0]);
    new JournalWriter(2n)
      .add(128, short('s'))
      .add(64, createTopicBody(numeric(0), 1, short('t')))
      .write(source);
    writeSuperblock(source, 'a', { sequence: 1n, commitMax: 3n });
    writeLog(source, place, 0n, [record09(messages.slice(0, 15), 0), record09(messages.slice(15), 0)]);
  } else {
    const old = layout === '0.5';
    const id = old ? 1 : 0;
    new StateLogWriter(old ? '0.5' : '0.8')
      .user(id, 'iggy', 'hash')
      .stream(id, 's')
      .topic(id, id, 't', 1)
      .group(id, id, 1, 'g')
      .write(source);
    writeLog(
      source,
      [id, id, id],
      0n,
      messages.map((each) => (old ? frame05(each) : frame08(each))),
    );
    writeOffset(source, [id, id, id], 'groups', 1, 5n);
  }
  return source;
}

interface Change {
  at: number;
  kind: 'flip' | 'insert' | 'cut' | 'number';
  value: number;
}

const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    kind: fc.constantFrom('flip', 'insert', 'cut', 'number'),
    value: fc.nat(0xff),
  }),
  { minLength: 1, maxLength: 4 },
);
const numbers = [u32(0xffff_ffff), u32(0x7fff_ffff), u64(0xffff_ffff_ffff_ffffn), u32(0)];

function mutilated(bytes: Buffer, list: readonly Change[]): Buffer {
  let result = Buffer.from(bytes);
  for (const { at, kind, value } of list) {
    const position = Math.floor(at * result.length);
    if (kind === 'cut') result = result.subarray(0, position);
    else if (kind === 'insert')
      result = Buffer.concat([result.subarray(0, position), Buffer.alloc(value, value), result.subarray(position)]);
    else if (kind === 'number') result.set((numbers[value % numbers.length] as Uint8Array).subarray(0, result.length - position), position);
    else if (position < result.length) result[position] = (result[position] as number) ^ (value || 1);
  }
  return result;
}

describe('files of an import that were changed at random', () => {
  for (const [layout, { files }] of Object.entries(samples)) {
    const source = sample(layout);
    const first = layout === '0.5' ? ([1, 1, 1] as const) : place;
    for (const name of files) {
      it(`${layout}: ${name}`, async () => {
        const victim = path.join(folder.path, `${layout}-${path.basename(name)}`);
        cpSync(source, victim, { recursive: true });
        const file = name === 'log' ? logFile(victim, first, 0n) : path.join(victim, name);
        const original = readFileSync(file);
        await fc.assert(
          fc.asyncProperty(changes, async (list) => {
            writeFileSync(file, mutilated(original, list));
            try {
              const { report } = await runImport({ source: victim, skipDamaged: true });
              assert.ok(report.counts.messages <= messages.length);
            } catch (error) {
              assert.ok(error instanceof ImportError, String((error as Error).stack));
            }
          }),
          { numRuns: 40, interruptAfterTimeLimit: 5_000 },
        );
        assert.ok(process.memoryUsage().rss < 600 * 1024 * 1024);
      });
    }
  }
});
