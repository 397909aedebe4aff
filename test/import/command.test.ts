// The command as a user runs it: exit codes, what it prints where, files of keys and settings.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { after, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { createImportProgress } from '../../src/cli/import-progress.ts';
import { runGalgoCommand } from '../cli/fixtures/run-command.ts';
import { testMessages } from '../support/messages.ts';
import { temporaryFolder } from '../support/test-server.ts';
import { logFile, StateLogWriter, writeLog } from './support/iggy-folder.ts';
import { frame08, stored } from './support/stored-messages.ts';

const folder = temporaryFolder();
after(() => folder.remove());
let folders = 0;
const newFolder = () => path.join(folder.path, String(folders++));

function sourceFolder(key?: Buffer): string {
  const source = newFolder();
  new StateLogWriter('0.8', key).user(0, 'iggy', 'hash').stream(0, 's').topic(0, 0, 't', 1).write(source);
  writeLog(
    source,
    [0, 0, 0],
    0n,
    stored(testMessages(0, 50), 0n, 1_700_000_000_000_000n).map((each) => frame08(each, key)),
  );
  return source;
}

async function galgo(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const run = runGalgoCommand(['import', ...args], { cwd: folder.path });
  return { code: await run.exited, stdout: run.stdout(), stderr: run.stderr() };
}

describe('galgo import', () => {
  it('prints what it copied', async () => {
    const source = sourceFolder();
    const destination = newFolder();
    const { code, stdout, stderr } = await galgo(source, '--path', destination);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\(Iggy 0\.8\) → /);
    assert.match(stdout, /messages +│ +50 /);
    assert.match(stdout, /Everything was carried over\./);
  });

  it('prints one line of JSON', async () => {
    const source = sourceFolder();
    const { code, stdout } = await galgo(source, '--dry-run', '--json');
    assert.equal(code, 0);
    const summary = JSON.parse(stdout);
    assert.equal(summary.complete, true);
    assert.equal(summary.destination, null);
    assert.equal(summary.counts.messages, 50);
    assert.ok(!existsSync(path.join(folder.path, 'local_data')));
  });

  it('ends with 1 where something is damaged, and says where', async () => {
    const source = sourceFolder();
    const file = logFile(source, [0, 0, 0], 0n);
    appendFileSync(file, 'torn');
    const stopped = await galgo(source, '--path', newFolder(), '--json');
    assert.equal(stopped.code, 1);
    const failure = JSON.parse(stopped.stdout);
    assert.equal(failure.complete, false);
    assert.equal(failure.file, file);
    assert.match(stopped.stderr, /the last message is cut off; 4 bytes/);
    const skipped = await galgo(source, '--path', newFolder(), '--skip-damaged');
    assert.equal(skipped.code, 1);
    assert.match(skipped.stdout, /Left out because it is damaged:\n.*byte \d+/);
    assert.match(skipped.stdout, /Not everything was carried over\./);
  });

  it('reads the key from a file', async () => {
    const key = randomBytes(32);
    const keyFile = path.join(folder.path, 'key');
    writeFileSync(keyFile, key.toString('base64'));
    const { code, stderr } = await galgo(sourceFolder(key), '--dry-run', '--encryption-key-file', keyFile);
    assert.equal(code, 0, stderr);
    const missing = await galgo(sourceFolder(key), '--dry-run', '--encryption-key-file', `${keyFile}2`);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /ENOENT/);
  });

  it('takes the destination and defaults of topics from the settings', async () => {
    const config = path.join(folder.path, 'galgo.toml');
    const destination = newFolder();
    writeFileSync(config, `[system]\npath = ${JSON.stringify(destination)}\n`);
    const { code, stderr } = await galgo(sourceFolder(), '--config', config);
    assert.equal(code, 0, stderr);
    assert.ok(existsSync(path.join(destination, 'galgo-data-folder')));
    writeFileSync(config, '[system]\nnonsense = 1\n');
    assert.equal((await galgo(sourceFolder(), '--config', config)).code, 1);
    rmSync(config);
  });

  it('that is killed is begun anew', async () => {
    const source = newFolder();
    new StateLogWriter().user(0, 'iggy', 'hash').stream(0, 's').topic(0, 0, 't', 1).write(source);
    const large = stored(testMessages(0, 60, 2_000_000), 0n, 1_700_000_000_000_000n);
    writeLog(
      source,
      [0, 0, 0],
      0n,
      large.map((each) => frame08(each)),
    );
    const destination = newFolder();
    const run = runGalgoCommand(['import', source, '--path', destination], { cwd: folder.path });
    while (!existsSync(path.join(destination, 'streams'))) await setTimeout(1);
    run.child.kill('SIGKILL');
    assert.equal(await run.exited, 'SIGKILL');
    assert.ok(existsSync(path.join(destination, 'galgo-import-unfinished')));
    const again = await galgo(source, '--path', destination, '--json');
    assert.equal(again.code, 0, again.stderr);
    assert.equal(JSON.parse(again.stdout).counts.messages, 60);
    assert.ok(!existsSync(path.join(destination, 'galgo-import-unfinished')));
  });

  it('ends with 2 for wrong use, with 1 for a wrong folder', async () => {
    assert.equal((await galgo()).code, 2);
    const { code, stderr } = await galgo(newFolder(), '--dry-run');
    assert.equal(code, 1);
    assert.match(stderr, /is no data folder of Iggy/);
  });
});

describe('progress of an import', () => {
  const written = (terminal: boolean, steps: readonly [nowMs: number, bytesDone: number][]) => {
    const out = Object.assign(new PassThrough(), { isTTY: terminal, cursorTo() {}, clearLine() {}, moveCursor() {} });
    let nowMs = 0;
    const progress = createImportProgress(out, () => nowMs);
    for (const [at, bytesDone] of steps) {
      nowMs = at;
      progress.update({ bytesDone, bytesTotal: 8_000_000, messages: bytesDone / 1000 });
    }
    progress.stop();
    let text = '';
    for (let chunk = out.read(); chunk !== null; chunk = out.read()) text += chunk;
    return text;
  };

  it('is a line every five seconds where there is no terminal', () => {
    const text = written(false, [
      [0, 0],
      [4000, 1_000_000],
      [5000, 2_000_000],
      [6000, 3_000_000],
      [10_000, 8_000_000],
    ]);
    assert.equal(text, '2.0 of 8.0 MB, 2000 messages, 0.4 MB/s\n8.0 of 8.0 MB, 8000 messages, 0.8 MB/s\n');
  });

  it('is a bar on a terminal', () => {
    const text = written(true, [
      [0, 0],
      [1000, 8_000_000],
    ]);
    assert.match(text, /100 % {2}8\.0 of 8\.0 MB {2}8000 messages {2}8\.0 MB\/s/);
  });
});
