import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { loadAddon } from '../../src/addon/addon.ts';
import { lockDataFolder } from '../../src/storage/data-folder-lock.ts';

const addon = loadAddon();
const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'galgo-lock-'));
  folders.push(folder);
  return folder;
}

const source = (file: string) => JSON.stringify(new URL(`../../src/storage/${file}`, import.meta.url).href);
const holderProgram = `
  const { loadAddon } = await import(${source('../addon/addon.ts')});
  const { lockDataFolder } = await import(${source('data-folder-lock.ts')});
  lockDataFolder(loadAddon(), process.env.FOLDER);
  console.log('locked');
  setInterval(() => {}, 60_000);
`;

/** A process that holds the folder until it is killed. */
async function startHolder(folder: string): Promise<ChildProcess> {
  const holder = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', holderProgram], {
    env: { ...process.env, FOLDER: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(holder, 'exit').then(([code]) => assert.fail(`the holder ended with ${code} before it had the lock`));
  exited.catch(() => {});
  await Promise.race([once(holder.stdout as NodeJS.ReadableStream, 'data'), exited]);
  return holder;
}

describe('a locked data folder', () => {
  it('is refused to a second process, which learns who holds it, until kill -9 ends the first', async () => {
    const folder = newFolder();
    const holder = await startHolder(folder);
    try {
      assert.throws(
        () => lockDataFolder(addon, folder),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'DATA_FOLDER_IN_USE');
          assert.equal(error.message, `the data folder ${folder} is in use by process ${holder.pid}`);
          return true;
        },
      );
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
    }
    lockDataFolder(addon, folder).release();
  });

  it('is refused to a second server of the same process', () => {
    const folder = newFolder();
    const lock = lockDataFolder(addon, folder);
    assert.throws(() => lockDataFolder(addon, folder), { code: 'DATA_FOLDER_IN_USE' });
    lock.release();
    lockDataFolder(addon, folder).release();
  });

  it('stays locked when another lock is released twice', () => {
    const [first, second] = [newFolder(), newFolder()];
    const released = lockDataFolder(addon, first);
    released.release();
    const lock = lockDataFolder(addon, second);
    released.release();
    assert.throws(() => lockDataFolder(addon, second), { code: 'DATA_FOLDER_IN_USE' });
    lock.release();
  });

  it('does not stop another folder from being locked', () => {
    const locks = [newFolder(), newFolder()].map((folder) => lockDataFolder(addon, folder));
    for (const lock of locks) lock.release();
  });
});

describe('a folder that cannot be locked', () => {
  it('says what failed', () => {
    const missing = path.join(newFolder(), 'missing');
    assert.throws(() => lockDataFolder(addon, missing), {
      message: `open ${path.join(missing, 'galgo.lock')}: No such file or directory`,
    });
  });

  it('wrong arguments are refused', () => {
    const untyped = addon as unknown as Record<'lockFile' | 'unlockFile', (...args: unknown[]) => unknown>;
    assert.throws(() => untyped.lockFile(), TypeError);
    assert.throws(() => untyped.lockFile(5), TypeError);
    assert.throws(() => untyped.unlockFile('5'), TypeError);
    assert.throws(() => untyped.unlockFile(-1), /Bad file descriptor/);
  });
});
