// What is damaged is found, named with file and byte, and stops the import or is left out alone.

import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { hash } from '@node-rs/argon2';
import { blake3 } from 'hash-wasm';
import { DamageError } from '../../src/import/source/import-error.ts';
import type { Report } from '../../src/import/source/report.ts';
import { testMessages } from '../support/messages.ts';
import { RawClient } from '../support/raw-client.ts';
import { startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { logFile, type Place, partitionFolder, StateLogWriter, writeLog, writeOffset } from './support/iggy-folder.ts';
import { concat, numeric, short, u32, zeros } from './support/little-endian.ts';
import { assertReadsBack } from './support/read-back.ts';
import { runImport } from './support/run-import.ts';
import { frame08, record09, type Stored, stored } from './support/stored-messages.ts';
import { createTopicBody, JournalWriter } from './support/vsr-metadata.ts';

const folder = temporaryFolder();
after(() => folder.remove());
const place: Place = [0, 0, 0];
const messages = stored(testMessages(0, 100), 0n, 1_700_000_000_000_000n);
const rootHash = await hash('root password');
let folders = 0;

function newFolder(): string {
  return path.join(folder.path, String(folders++));
}

function state(): StateLogWriter {
  return new StateLogWriter().user(0, 'iggy', rootHash).stream(0, 's').topic(0, 0, 't', 1);
}

/** A sound folder with two log files of 50 messages each. */
function classicFolder(): string {
  const source = newFolder();
  state().write(source);
  writeLog(
    source,
    place,
    0n,
    messages.slice(0, 50).map((each) => frame08(each)),
  );
  writeLog(
    source,
    place,
    50n,
    messages.slice(50).map((each) => frame08(each)),
  );
  return source;
}

function positionOf(index: number, first = 0): number {
  return messages.slice(first, index).reduce((sum, each) => sum + frame08(each).length, 0);
}

/** `at` below zero counts from the end. */
function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  const position = (at + bytes.length) % bytes.length;
  bytes.writeUInt8(bytes.readUInt8(position) ^ 0x10, position);
  writeFileSync(file, bytes);
}

/** Stops with this damage; left out, exactly these messages remain, also when a server reads them. */
async function assertDamage(
  source: string,
  damage: { file: string; position: number; reason: RegExp },
  remaining: readonly Stored[],
): Promise<Report> {
  const stopped = newFolder();
  await assert.rejects(runImport({ source, destination: stopped }), (error: Error) => {
    assert.ok(error instanceof DamageError, error.message);
    assert.equal(error.damage.file, damage.file);
    assert.equal(error.damage.position, damage.position);
    assert.match(error.damage.reason, damage.reason);
    return true;
  });
  await assert.rejects(startServerProcess(stopped), /import that was not finished/);
  const destination = newFolder();
  const { report } = await runImport({ source, destination, skipDamaged: true });
  assert.equal(report.complete, false);
  assert.equal(report.damages[0]?.position, damage.position);
  assert.equal(report.counts.messages, remaining.length);
  const server = await startServerProcess(destination);
  const client = await RawClient.connect(server.address, 'vsr');
  await client.login('iggy', 'root password');
  await assertReadsBack(client, { stream: 's', topic: 't' }, 0, remaining);
  client.close();
  assert.equal(await server.stop(), 0);
  return report;
}

describe('damage of messages', () => {
  it('a flipped bit costs one message', async () => {
    const source = classicFolder();
    const file = logFile(source, place, 0n);
    flip(file, positionOf(20) + 70);
    const remaining = messages.filter(({ offset }) => offset !== 20n);
    const report = await assertDamage(source, { file, position: positionOf(20), reason: /does not verify/ }, remaining);
    assert.equal(report.damagesCount, 1);
    assert.match(report.notes.join(), /no messages 20 to 20/);
  });

  it('a length that makes no sense costs the rest of its file', async () => {
    const source = classicFolder();
    const file = logFile(source, place, 0n);
    flip(file, positionOf(30) + 55);
    const remaining = messages.filter(({ offset }) => offset < 30n || offset >= 50n);
    await assertDamage(source, { file, position: positionOf(30), reason: /no message; \d+ bytes/ }, remaining);
  });

  it('a torn tail costs the message it is in', async () => {
    const source = classicFolder();
    const file = logFile(source, place, 50n);
    truncateSync(file, positionOf(99, 50) + 80);
    await assertDamage(source, { file, position: positionOf(99, 50), reason: /cut off; 80 bytes/ }, messages.slice(0, 99));
  });

  it('zeros behind the last message are seen', async () => {
    const source = classicFolder();
    const file = logFile(source, place, 50n);
    appendFileSync(file, zeros(4096));
    await assertDamage(source, { file, position: positionOf(100, 50), reason: /does not verify/ }, messages);
  });

  it('an offset that was given before is refused', async () => {
    const source = classicFolder();
    const file = logFile(source, place, 50n);
    appendFileSync(file, frame08(messages[70] as Stored));
    await assertDamage(source, { file, position: positionOf(100, 50), reason: /offset 70 was given before/ }, messages);
  });

  it('an offset beyond what numbers can say is refused', async () => {
    const source = classicFolder();
    const file = logFile(source, place, 50n);
    appendFileSync(file, frame08({ ...(messages[70] as Stored), offset: 2n ** 63n }));
    await assertDamage(source, { file, position: positionOf(100, 50), reason: /too large/ }, messages);
  });

  it('a missing log file is a gap and no damage', async () => {
    const source = classicFolder();
    const later = stored(testMessages(100, 10), 150n, 1_700_000_000_900_000n);
    writeLog(
      source,
      place,
      150n,
      later.map((each) => frame08(each)),
    );
    rmSync(logFile(source, place, 50n));
    const { report } = await runImport({ source, destination: newFolder() });
    assert.equal(report.complete, true);
    assert.match(report.notes.join(), /no messages 50 to 149/);
    assert.equal(report.counts.messages, 60);
  });

  it('a damaged record of Iggy 0.9 costs its messages', async () => {
    const source = newFolder();
    new JournalWriter()
      .add(128, short('s'))
      .add(64, createTopicBody(numeric(0), 1, short('t')))
      .write(source);
    const records = [messages.slice(0, 10), messages.slice(10, 20), messages.slice(20, 30)].map((each) => record09(each, 0));
    writeLog(source, place, 0n, records);
    const file = logFile(source, place, 0n);
    const second = (records[0] as Buffer).length;
    flip(file, second + 400);
    await assert.rejects(runImport({ source }), new RegExp(`byte ${second}: the message does not verify`));
    const { report } = await runImport({ source, skipDamaged: true });
    assert.equal(report.counts.messages, 20);
  });

  it('a time stamp that is lower than the one before is raised, and said', async () => {
    const source = newFolder();
    state().write(source);
    const back = messages.map((each, index) => (index === 40 ? { ...each, timestamp: 5n } : each));
    writeLog(
      source,
      place,
      0n,
      back.map((each) => frame08(each)),
    );
    const { report } = await runImport({ source, destination: newFolder() });
    assert.equal(report.complete, false);
    assert.match(report.notCarried.join(), /1 messages got the time stamp/);
  });
});

describe('damage of metadata', () => {
  const cases: [name: string, reason: RegExp, write: (source: string) => void][] = [
    ['an entry that does not verify', /does not verify/, (source) => flip(state().stream(1, 'x').write(source), -1)],
    ['an entry that is cut off', /cut off; 30 bytes/, (source) => void state().write(source, zeros(30))],
    ['a length beyond the file', /cut off/, (source) => void state().write(source, concat(zeros(60), u32(0xffff_ffff), zeros(100)))],
    ['a command that is not known', /command 999 is not known/, (source) => void state().add(999, zeros(4)).write(source)],
    ['a command that is too short', /cannot be applied/, (source) => void state().add(202, zeros(3)).write(source)],
    ['a reference to nothing', /there is no stream 7/, (source) => void state().add(203, numeric(7)).write(source)],
    ['an id that is taken', /a stream with the id 0 already/, (source) => void state().stream(0, 'again').write(source)],
    [
      'a number of partitions nobody has',
      /more than 1000000 partitions/,
      (source) => void state().topic(0, 1, 'x', 4_000_000_000).write(source),
    ],
    [
      'a stored offset of a wrong length',
      /8 or 16 bytes/,
      (source) => {
        state().write(source);
        mkdirSync(path.join(partitionFolder(source, place), 'offsets', 'consumers'), { recursive: true });
        writeFileSync(path.join(partitionFolder(source, place), 'offsets', 'consumers', '1'), zeros(7));
      },
    ],
    [
      'a stored offset that does not verify',
      /stored offset does not verify/,
      (source) => {
        state().write(source);
        writeLog(source, place, 0n, []);
        writeOffset(source, place, 'groups', 1, 5n, '0.9');
        flip(path.join(partitionFolder(source, place), 'offsets', 'groups', '1'), 0);
      },
    ],
    [
      'a stored offset of nobody',
      /not the number of a consumer/,
      (source) => {
        state().write(source);
        writeLog(source, place, 0n, []);
        writeOffset(source, place, 'consumers', 'x', 5n);
      },
    ],
  ];
  for (const [name, reason, write] of cases) {
    it(name, async () => {
      const source = newFolder();
      write(source);
      writeLog(
        source,
        place,
        0n,
        messages.map((each) => frame08(each)),
      );
      await assert.rejects(runImport({ source }), reason);
      const { report } = await runImport({ source, skipDamaged: true });
      assert.ok(report.damagesCount > 0);
      assert.equal(report.counts.messages, messages.length);
    });
  }

  it('a gap in the numbering is seen', async () => {
    const source = newFolder();
    const log = state().stream(1, 'one').stream(2, 'two');
    log.entries.splice(3, 1);
    log.write(source);
    writeLog(source, place, 0n, []);
    await assert.rejects(runImport({ source }), /number 4, expected 3/);
  });
});

describe('what cannot be carried over', () => {
  it('a token whose hash is of an unknown kind', async () => {
    const source = newFolder();
    state()
      .token(0, 'odd', 'sha512:abc')
      .token(0, 'good', await blake3('x'))
      .write(source);
    writeLog(source, place, 0n, []);
    const { report } = await runImport({ source });
    assert.equal(report.counts.tokens, 1);
    assert.match(report.notCarried.join(), /token odd of user iggy/);
  });

  it('a size limit below one segment is raised, one above it makes segments smaller', async () => {
    const source = newFolder();
    state().topic(0, 1, 'tiny', 0, { maxSize: 1000n }).topic(0, 2, 'small', 0, { maxSize: 5_000_000n }).write(source);
    writeLog(source, place, 0n, []);
    const { report } = await runImport({ source, destination: newFolder() });
    assert.deepEqual(report.notCarried, ['topic s/tiny: the size limit of 1000 bytes is raised to 1048576, the least there is']);
  });

  it('offsets of what is gone are left out', async () => {
    const source = classicFolder();
    writeOffset(source, place, 'groups', 3, 5n);
    const { report } = await runImport({ source });
    assert.equal(report.complete, true);
    assert.match(report.notes.join(), /1 stored offsets of groups/);
    assert.equal(report.counts.consumerOffsets, 0);
  });
});
