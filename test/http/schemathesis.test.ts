// The API against its own description: schemathesis, a property-based tester, makes requests of the OpenAPI document, well-formed and ill-formed, and holds every answer against it.
//
// Runs where TEST_API_EXAMPLES says how many requests of each kind an operation gets at most (scripts/test-long.js). Installs schemathesis from PyPI into a cache outside the clone.
// Left out are the operation that ends the login of the run and the one whose reply has no end; test/http/ has tests for both. What is kept from harm is in schemathesis/hooks.py.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { serverSuite } from '../support/server-suite.ts';
import { Api } from './support/api.ts';

const run = promisify(execFile);
const examples = process.env.TEST_API_EXAMPLES;
const release = '4.32.5';
const casesMin = 2_000;
const skip = examples === undefined && 'only with TEST_API_EXAMPLES';
const outputBytesMax = 64 * 1024 * 1024;

serverSuite('the API, as schemathesis sees it,', { HTTP_LOGIN_FAILURES_MAX: '1000000' }, (suite) => {
  const cases = async (headers: readonly string[]): Promise<number> => {
    const python = await installed();
    const api = new Api(suite.server.httpAddress);
    const token = await api.login();
    const { stdout } = await run(
      path.join(path.dirname(python), 'schemathesis'),
      [
        ...['--no-color', 'run', `${api.url}/openapi.json`, ...headers.flatMap((header) => ['-H', header.replace('TOKEN', token)])],
        ...['--phases', 'examples,coverage,fuzzing,stateful', '-n', String(examples), '--seed', '1', '--request-timeout', '20'],
        ...['--exclude-operation-id', 'logout', '--exclude-operation-id', 'tailPartition'],
        ...['--continue-on-failure', '--generation-database', 'none', '--report-dir', suite.dataPath, '--warnings', 'off'],
      ],
      {
        env: { ...process.env, SCHEMATHESIS_HOOKS: 'hooks', PYTHONPATH: hooksFolder, GALGO_URL: api.url, GALGO_TOKEN: token },
        cwd: os.tmpdir(),
        maxBuffer: outputBytesMax,
      },
    ).catch((error: { stdout?: string; stderr?: string }) => assert.fail(`${error.stdout}\n${error.stderr}`));
    assert.equal((await api.get('/ping')).text, 'pong');
    const [, count] = /(\d+) generated/.exec(stdout) ?? [];
    return Number(count);
  };

  it('is as described to those who have logged in', { skip }, async () => {
    const count = await cases(['Authorization: Bearer TOKEN']);
    assert(count >= casesMin, `${count} cases`);
  });

  it('is as described to everybody else', { skip }, async () => {
    const count = await cases([]);
    assert(count >= casesMin, `${count} cases`);
  });
});

const hooksFolder = fileURLToPath(new URL('schemathesis', import.meta.url));

async function installed(): Promise<string> {
  const cache = process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache');
  const environment = path.join(cache, 'galgo-ci', `schemathesis-${release}`);
  const python = path.join(environment, 'bin', 'python');
  if (!existsSync(path.join(environment, 'bin', 'schemathesis'))) {
    await run('python3', ['-m', 'venv', '--clear', environment]);
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `schemathesis==${release}`]);
  }
  return python;
}
