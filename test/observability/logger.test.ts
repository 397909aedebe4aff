import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { createLogger, type Logger, type LoggerOptions } from '../../src/observability/logger.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'galgo-log-'));
after(() => rmSync(folder, { recursive: true }));

function written(options: Omit<LoggerOptions, 'fd'>, write: (log: Logger) => void): string {
  const file = path.join(folder, 'log');
  const fd = openSync(file, 'w');
  write(createLogger({ ...options, fd }));
  const text = readFileSync(file, 'utf8');
  closeSync(fd);
  return text;
}

describe('the log', () => {
  it('has one JSON object a line, there when the call returns', () => {
    const text = written({ level: 'info', format: 'json' }, (log) => {
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

  it('leaves out what is below its level, and everything when it is off', () => {
    const write = (log: Logger) => {
      log.debug('quiet');
      log.warn('loud');
    };
    assert.match(written({ level: 'info', format: 'json' }, write), /^[^\n]*loud[^\n]*\n$/);
    assert.match(written({ level: 'debug', format: 'json' }, write), /quiet/);
    assert.equal(
      written({ level: 'off', format: 'json' }, (log) => log.fatal('anything')),
      '',
    );
  });

  it('is readable for people when it is pretty', () => {
    const text = written({ level: 'info', format: 'pretty' }, (log) => log.info({ partition: 3 }, 'opened'));
    assert.match(text, /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] INFO: opened\n +partition: 3\n$/);
  });
});
