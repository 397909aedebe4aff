// The new folder: which ones are taken, what an import that was broken off leaves, and that no server opens it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { hash } from '@node-rs/argon2';
import { testMessages } from '../support/messages.ts';
import { startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { logFile, StateLogWriter, writeLog } from './support/iggy-folder.ts';
import { runImport } from './support/run-import.ts';
import { frame08, stored } from './support/stored-messages.ts';

const folder = temporaryFolder();
after(() => folder.remove());
let folders = 0;
const newFolder = () => path.join(folder.path, String(folders++));
const rootHash = await hash('root password');

function sourceFolder(): string {
  const source = newFolder();
  new StateLogWriter().user(0, 'iggy', rootHash).stream(0, 's').topic(0, 0, 't', 1).write(source);
  writeLog(
    source,
    [0, 0, 0],
    0n,
    stored(testMessages(0, 20), 0n, 1_700_000_000_000_000n).map((each) => frame08(each)),
  );
  return source;
}

describe('the destination of an import', () => {
  it('may be missing or empty', async () => {
    const source = sourceFolder();
    const empty = newFolder();
    mkdirSync(empty);
    for (const destination of [empty, path.join(newFolder(), 'deep', 'inside')]) {
      await runImport({ source, destination });
      assert.ok(existsSync(path.join(destination, 'galgo-data-folder')));
      assert.ok(!existsSync(path.join(destination, 'galgo-import-unfinished')));
    }
  });

  it('is refused if it holds anything', async () => {
    const source = sourceFolder();
    const destination = newFolder();
    mkdirSync(destination);
    writeFileSync(path.join(destination, 'photo.jpg'), '');
    await assert.rejects(runImport({ source, destination }), /is not empty/);
    assert.deepEqual(readdirSync(destination), ['photo.jpg']);
    const used = newFolder();
    await runImport({ source, destination: used });
    await assert.rejects(runImport({ source, destination: used }), /is a data folder of Galgo already/);
    await assert.rejects(runImport({ source: used, destination: newFolder() }), /is a data folder of Galgo/);
  });

  it('is refused within the source', async () => {
    const source = sourceFolder();
    await assert.rejects(runImport({ source, destination: source }), /within/);
    await assert.rejects(runImport({ source, destination: path.join(source, 'copy') }), /within/);
    await runImport({ source, destination: `${source}-copy` });
  });

  it('that was not finished is opened by no server, and begun anew', async () => {
    const source = sourceFolder();
    const destination = newFolder();
    const log = logFile(source, [0, 0, 0], 0n);
    writeFileSync(log, 'damage', { flag: 'a' });
    await assert.rejects(runImport({ source, destination }), /cut off/);
    assert.ok(readdirSync(destination).includes('streams'));
    await assert.rejects(startServerProcess(destination), /import that was not finished/);
    writeLog(
      source,
      [0, 0, 0],
      0n,
      stored(testMessages(0, 7), 0n, 1_700_000_000_000_000n).map((each) => frame08(each)),
    );
    writeFileSync(path.join(destination, 'left over'), '');
    const { report } = await runImport({ source, destination });
    assert.equal(report.counts.messages, 7);
    assert.ok(!existsSync(path.join(destination, 'left over')));
    assert.equal(await (await startServerProcess(destination)).stop(), 0);
  });

  it('is not touched by a dry run', async () => {
    const { report } = await runImport({ source: sourceFolder() });
    assert.equal(report.complete, true);
    assert.equal(report.counts.messages, 20);
  });
});

describe('the source of an import', () => {
  it('must be a data folder of Iggy', async () => {
    const source = newFolder();
    mkdirSync(source);
    await assert.rejects(runImport({ source }), /is no data folder of Iggy/);
  });

  it('must not be in use', { skip: process.platform !== 'linux' }, async () => {
    const source = sourceFolder();
    const descriptor = openSync(logFile(source, [0, 0, 0], 0n), 'r');
    const user = spawn('sleep', ['60'], { stdio: [descriptor, 'ignore', 'ignore'] });
    await once(user, 'spawn');
    try {
      await assert.rejects(runImport({ source }), new RegExp(`in use by process ${user.pid}`));
    } finally {
      user.kill();
      await once(user, 'exit');
    }
    await runImport({ source });
  });

  it('may have folders that the metadata does not know', async () => {
    const source = sourceFolder();
    mkdirSync(path.join(source, 'streams', '9'));
    const { report } = await runImport({ source });
    assert.equal(report.complete, true);
    assert.match(report.notes.join(), /streams\/9 is not in the metadata/);
  });

  it('must hold plain files', async () => {
    const source = sourceFolder();
    rmSync(logFile(source, [0, 0, 0], 0n));
    mkdirSync(logFile(source, [0, 0, 0], 0n));
    await assert.rejects(runImport({ source }), /is not a file/);
  });
});
