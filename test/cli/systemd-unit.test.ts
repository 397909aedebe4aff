import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { settingKeys } from '../../src/config/key-table.ts';

const unit = readFileSync(new URL('../../deploy/systemd/galgo.service', import.meta.url), 'utf8');
const folder = mkdtempSync(path.join(os.tmpdir(), 'galgo-unit-'));
after(() => rmSync(folder, { recursive: true }));

// The tool wants an executable to be where ExecStart says; on a machine without Galgo, Node itself stands in for it.
const unitFile = path.join(folder, 'galgo.service');
writeFileSync(unitFile, unit.replace('/usr/local/bin/galgo', process.execPath));

const exposureMax = 1.5;

describe('the systemd unit', () => {
  it('sets variables that the schema knows', () => {
    const names = [...unit.matchAll(/GALGO_(\w+)=/g)].map((match) => match[1]);
    assert(names.length > 0);
    for (const name of names)
      assert(
        settingKeys.some((key) => key.variable === name),
        name,
      );
  });

  it('waits for readiness from the main process, has a watchdog and leaves machine code to V8', () => {
    assert.match(unit, /^Type=notify$/m);
    assert.match(unit, /^NotifyAccess=main$/m);
    assert.match(unit, /^WatchdogSec=\d+s$/m);
    assert.doesNotMatch(unit, /^MemoryDenyWriteExecute=(yes|true|1)/m);
  });

  const skip = spawnSync('systemd-analyze', ['--version']).status === 0 ? false : 'systemd-analyze is not installed';

  it('passes systemd-analyze verify without a word', { skip }, () => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', unitFile], { encoding: 'utf8' });
    assert.equal(stdout + stderr, '');
    assert.equal(status, 0);
  });

  it(`is exposed by at most ${exposureMax} of 10 in systemd-analyze security`, { skip }, () => {
    const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', unitFile], { encoding: 'utf8' });
    const exposure = /Overall exposure level for galgo\.service: ([\d.]+)/.exec(stdout)?.[1];
    assert(
      exposure !== undefined && Number(exposure) <= exposureMax,
      stdout
        .split('\n')
        .filter((line) => line.startsWith('✗'))
        .join('\n'),
    );
  });
});
