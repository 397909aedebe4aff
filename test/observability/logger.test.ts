import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LogOutput } from '../../src/observability/log-output.ts';
import { createLogger, type Logger, type LoggerOptions } from '../../src/observability/logger.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'galgo-log-'));
after(() => rmSync(folder, { recursive: true }));

async function written(options: Omit<LoggerOptions, 'output'>, write: (log: Logger) => void): Promise<string> {
  const file = path.join(folder, 'log');
  const fd = openSync(file, 'w');
  const output = new LogOutput(fd, 1 << 20);
  write(createLogger({ ...options, output }));
  await output.end(10_000);
  const text = readFileSync(file, 'utf8');
  closeSync(fd);
  return text;
}

describe('the log', () => {
  it('has one JSON object a line, in the order of the calls', async () => {
    const text = await written({ level: 'info', format: 'json' }, (log) => {
      log.info({ partition: 3 }, 'opened');
      log.child({ client: 7 }).error({ err: new Error('disk gone') }, 'append failed');
    });
    const [first, second] = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(first.level, 'info');
    assert.equal(first.msg, 'opened');
    assert.equal(first.partition, 3);
    assert(Math.abs(Date.parse(first.time) - Date.now()) < 60_000);
    assert.equal(second.client, 7);
    assert.equal(second.err.message, 'disk gone');
  });

  it('leaves out what is below its level, and everything when it is off', async () => {
    const write = (log: Logger) => {
      log.debug('quiet');
      log.warn('loud');
    };
    assert.match(await written({ level: 'info', format: 'json' }, write), /^[^\n]*loud[^\n]*\n$/);
    assert.match(await written({ level: 'debug', format: 'json' }, write), /quiet/);
    assert.equal(await written({ level: 'off', format: 'json' }, (log) => log.fatal('anything')), '');
  });

  it('is readable for people when it is pretty', async () => {
    const text = await written({ level: 'info', format: 'pretty' }, (log) => log.info({ partition: 3 }, 'opened'));
    assert.match(text, /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] INFO: opened\n +partition: 3\n$/);
  });

  it('goes to every sink, as JSON', async () => {
    const lines: string[] = [];
    await written({ level: 'info', format: 'pretty', sinks: [{ add: (line) => lines.push(line) }] }, (log) => log.info('opened'));
    assert.equal(JSON.parse(lines[0] as string).msg, 'opened');
  });
});

describe('a log whose reader stops reading', () => {
  const script = fileURLToPath(new URL('./support/log-to-stalled-reader.mjs', import.meta.url));
  const start = (stdout: 'pipe' | 'ignore' = 'pipe') =>
    spawn(process.execPath, [script], { stdio: ['ignore', stdout, 'pipe'], timeout: 60_000 });

  it('does not hold up the event loop, keeps what fits, drops and counts the rest, and lets the process end', async () => {
    const child = start();
    child.stderr?.pause();
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    const [[code]] = await Promise.all([once(child, 'exit'), once(child.stdout as Readable, 'end')]);
    assert.equal(code, 0);
    const { dropped, longestStallMs, endedAfterMs } = Object.assign(
      {},
      ...said
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ) as Record<string, number>;
    assert((dropped ?? 0) > 1_000, said);
    // Before, one line that nobody took was enough to stop the server for good.
    assert((longestStallMs ?? 0) < 1_000, said);
    assert((endedAfterMs ?? 0) >= 500 && (endedAfterMs ?? 0) < 3_000, said);
    child.stderr?.destroy();
  });

  it('is told how much is missing when it goes on', async () => {
    const child = start();
    let text = '';
    let said = '';
    child.stderr?.pause();
    child.stdout?.on('data', (chunk: Buffer) => {
      if (said === '') {
        // All is written or dropped by now.
        child.stderr?.on('data', (bytes: Buffer) => {
          text += bytes;
        });
        child.stderr?.resume();
      }
      said += chunk;
    });
    await once(child, 'close');
    const dropped = (JSON.parse(said.split('\n')[0] as string) as { dropped: number }).dropped;
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string; lines?: number });
    const missing = lines.find(({ msg }) => msg.includes('dropped'));
    assert.equal(missing?.lines, dropped);
  });

  it('ends with its reader, and the process goes on', async () => {
    const child = start();
    child.stderr?.destroy();
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    const [code] = await once(child, 'close');
    assert.equal(code, 0, said);
    assert.match(said, /longestStallMs/);
  });

  it('does not keep a server from serving and from stopping', { timeout: 60_000 }, async () => {
    const command = [fileURLToPath(new URL('../../bin/galgo.js', import.meta.url)), 'server', '--path', path.join(folder, 'data')];
    const environment = {
      GALGO_TCP_ADDRESS: '127.0.0.1:0',
      GALGO_QUIC_ENABLED: 'false',
      GALGO_WEBSOCKET_ENABLED: 'false',
      GALGO_HTTP_ADDRESS: '127.0.0.1:0',
      GALGO_HTTP_METRICS_PUBLIC: 'true',
      GALGO_SYSTEM_LOGGING_LEVEL: 'debug',
      GALGO_SYSTEM_LOGGING_BUFFER_SIZE_MAX: '64 KiB',
    };
    const server = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
    after(() => server.kill('SIGKILL'));
    server.stderr.pause();
    let notice = '';
    for await (const chunk of server.stdout) {
      notice += chunk;
      if (/ {2}Data /.test(notice)) break;
    }
    const url = /HTTP {2}(\S+)/.exec(notice)?.[1] ?? assert.fail(notice);
    const dropped = async () => Number(/galgo_log_lines_dropped_total (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1]);
    while ((await dropped()) === 0) await Promise.all(Array.from({ length: 100 }, async () => (await fetch(`${url}/ping`)).text()));
    server.kill('SIGTERM');
    const [code] = await once(server, 'exit');
    assert.equal(code, 0);
  });
});
