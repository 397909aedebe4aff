// `galgo bench` as a user runs it: exit codes, files, what is left behind after a stop, and the pages in a browser.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { type BenchResult, parseResult } from '../../src/bench/result/result.ts';
import { connect } from '../../src/client/index.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { streamNames } from './support/run.ts';

const galgo = fileURLToPath(new URL('../../bin/galgo.js', import.meta.url));
const executablePath = '/usr/bin/chromium';
const noBrowser = !existsSync(executablePath) && process.env.CI === undefined ? `there is no ${executablePath}` : false;

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

function bench(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [galgo, 'bench', ...args], { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe('the command', () => {
  const folder = temporaryFolder();
  const at = (name: string) => path.join(folder.path, name);
  let server: ServerProcess;
  let target: string;

  before(async () => {
    server = await startServerProcess(at('data'));
    target = `iggy://iggy:iggy@${server.address}`;
  });
  after(async () => {
    await server.stop();
    folder.remove();
  });

  const load = ['--target', '', '-p', '2', '-c', '2', '-m', '100', '-P', '10', '-D', '300ms'];
  const run = (...args: string[]) => bench('ppc', ...load.map((text) => (text === '' ? target : text)), ...args);

  it('prints a table, and writes a result and a page', async () => {
    const ended = await run('--json', at('first.json'), '--html', at('first.html'), '--remark', '<script>alert(1)</script> & "quotes"');
    assert.deepEqual([ended.code, ended.stderr], [0, '']);
    for (const text of ['durability:', 'interval', 'producers', 'consumers', 'MB/s', 'p99.9', 'kernel'])
      assert.ok(ended.stdout.includes(text), text);
    const result = parseResult(readFileSync(at('first.json'), 'utf8'), 'first.json');
    assert.deepEqual(
      result.roles.map(({ role }) => role),
      ['producers', 'consumers'],
    );
    assert.ok(!readFileSync(at('first.html'), 'utf8').includes('<script'));
  });

  it('prints nothing but the result where that goes to standard output', async () => {
    const ended = await run('--json', '-');
    assert.equal(ended.code, 0);
    assert.equal(parseResult(ended.stdout, 'standard output').complete, true);
    writeFileSync(at('second.json'), ended.stdout);
  });

  it('compares two results: figures, and every condition that is not the same', async () => {
    const result = JSON.parse(readFileSync(at('second.json'), 'utf8')) as BenchResult;
    const changed = { ...result, server: { ...result.server, durability: 'group' } };
    for (const role of changed.roles) role.megabytesPerSecond *= 1000;
    writeFileSync(at('second.json'), JSON.stringify(changed));
    const ended = await bench('compare', at('first.json'), at('second.json'), '--html', at('both.html'));
    assert.deepEqual([ended.code, ended.stderr], [0, '']);
    assert.match(ended.stdout, /server\.durability: interval \| group/);
    assert.match(ended.stdout, /MB\/s.*better/);
    assert.doesNotMatch(ended.stdout, /parameters\./);
  });

  it('pages open in a browser without a request to anywhere, and without an error', { skip: noBrowser }, async (t) => {
    const profile = temporaryFolder();
    const args = [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ];
    const browser = await chromium.launchPersistentContext(profile.path, { executablePath, headless: true, args });
    t.after(async () => {
      await browser.close();
      profile.remove();
    });
    for (const [file, charts, lines] of [
      ['first.html', 6, 8],
      ['both.html', 6, 16],
    ] as const) {
      const page = await browser.newPage();
      const troubles: string[] = [];
      const requests: string[] = [];
      page.on('console', (message) => troubles.push(message.text()));
      page.on('pageerror', (error) => troubles.push(error.message));
      page.on('request', (request) => requests.push(request.url()));
      const url = pathToFileURL(at(file)).href;
      await page.goto(url);
      assert.deepEqual(troubles, []);
      assert.deepEqual(
        requests.filter((request) => !request.startsWith('data:')),
        [url],
      );
      assert.equal(await page.locator('svg').count(), charts);
      assert.equal(await page.locator('polyline, circle').count(), lines);
      // Every point of every line is a place within its picture.
      const points = await page.evaluate<string[]>("[...document.querySelectorAll('polyline')].map((line) => line.getAttribute('points'))");
      const outside = points.flatMap((text) => text.split(/[ ,]/).map(Number)).filter((number) => !(number >= 0 && number <= 900));
      assert.deepEqual(outside, []);
      await page.close();
    }
  });

  it('Ctrl-C ends it in good order, with what was measured by then, and nothing is left behind', async () => {
    const args = [galgo, 'bench', 'pp', '--target', target, '-p', '2', '-m', '10', '-P', '1', '-D', '60s', '--json', at('stopped.json')];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const exited = once(child, 'exit');
    const client = await connect(target);
    const loaded = async () => (await client.streams.list()).some(({ messagesCount }) => messagesCount > 100);
    while (!(await loaded())) await new Promise((resolve) => setTimeout(resolve, 50));
    await client.close();
    child.kill('SIGINT');
    assert.deepEqual(await exited, [130, null]);
    assert.deepEqual(await streamNames(server.address), []);
    const result = parseResult(readFileSync(at('stopped.json'), 'utf8'), 'stopped.json');
    assert.equal(result.complete, false);
    assert.ok((result.roles[0]?.messages ?? 0) > 0);
  });

  it('says what is wrong: options 2, anything else 1', async () => {
    const cases: readonly (readonly [code: number, args: string[], reason: RegExp])[] = [
      [2, ['pp', '--target', target, '-m', 'big'], /^--message-size big: a number or a range such as 100\.\.2000 is wanted\n$/],
      [2, ['pp', '--colour', 'red'], /unknown option '--colour'/],
      [2, [], /missing required argument 'kind'/],
      [2, ['pp', '--target', target, '-T', '9000TB'], /the run would store .* GB of payload, and the server has .* GB of disk left/],
      [2, ['pp', '--target', target, '--reuse-streams', '--stream-prefix', 'none'], /no topic topic-1 in a stream none-1/],
      [1, ['pp', '--target', 'iggy://iggy:iggy@127.0.0.1:1'], /^cannot connect/],
      [1, ['pp', '--target', target.replace('iggy:iggy@', 'iggy:wrong@')], /credentials|refused/],
      [1, ['compare', at('first.json'), at('nothing.json')], /ENOENT/],
      [1, ['compare', at('first.json'), galgo], /is no JSON/],
    ];
    for (const [code, args, reason] of cases) {
      const ended = await bench(...args);
      assert.equal(ended.code, code, `${args.join(' ')}: ${ended.stderr}`);
      assert.match(ended.stderr, reason);
      assert.equal(ended.stdout, '');
    }
  });
});
