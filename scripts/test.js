// Runs the tests: node scripts/test.js [file or folder …]; all of test/ when none is named.
//
// Node's own runner does the work. Native code is loaded per file, so each file gets a process; as many at a time as there are processors. The runner's summary is the last
// thing printed.

import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

// A test file that takes longer hangs.
const fileTimeoutMs = 300_000;

const root = fileURLToPath(new URL('..', import.meta.url));
const named = process.argv.slice(2);
const files = (named.length > 0 ? named : [path.join(root, 'test')]).flatMap(testFiles).sort();
if (files.length === 0) {
  console.error('no test files found');
  process.exit(1);
}

const { status } = spawnSync(
  process.execPath,
  [
    '--import',
    'tsx',
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${os.availableParallelism()}`,
    `--test-timeout=${fileTimeoutMs}`,
    ...files,
  ],
  { stdio: 'inherit', cwd: root },
);
process.exit(status ?? 1);

function testFiles(fileOrFolder) {
  const start = path.resolve(fileOrFolder);
  if (!statSync(start).isDirectory()) return [start];
  return readdirSync(start, { recursive: true })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => path.join(start, file));
}
