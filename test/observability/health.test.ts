import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { Readiness, type ReadinessFacts } from '../../src/handlers/readiness.ts';
import { Api } from '../http/support/api.ts';
import { serverSuite } from '../support/server-suite.ts';
import { temporaryFolder } from '../support/test-server.ts';

serverSuite('the health of a server', {}, (suite) => {
  it('is told to anybody', async () => {
    const api = new Api(suite.server.httpAddress);
    const live = await api.get('/health/live');
    assert.deepEqual([live.status, live.json], [200, { status: 'ok' }]);
    const ready = await api.get('/health/ready');
    assert.deepEqual([ready.status, ready.json], [200, { status: 'ok', failing: [] }]);
    assert(!existsSync(path.join(suite.dataPath, 'readiness-check')), 'the check leaves nothing behind');
  });

  it('says that the server is not ready when its disk takes no writes, while it stays alive', async () => {
    const api = new Api(suite.server.httpAddress);
    const blocked = path.join(suite.dataPath, 'readiness-check');
    // A folder of that name keeps the file from being written, whoever the server runs as.
    mkdirSync(blocked);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const ready = await api.get('/health/ready');
    assert.deepEqual([ready.status, ready.json], [503, { status: 'failing', failing: ['disk'] }]);
    assert.equal((await api.get('/health/live')).status, 200);
    rmSync(blocked, { recursive: true });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    assert.equal((await api.get('/health/ready')).status, 200);
  });
});

describe('readiness', () => {
  const folder = temporaryFolder();
  const facts = (changed: Partial<ReadinessFacts> = {}): ReadinessFacts => ({
    dataPath: folder.path,
    stopping: () => false,
    listening: () => true,
    writeMetadata: async () => {},
    nowMs: () => 0,
    ...changed,
  });

  it('names what is amiss', async () => {
    assert.deepEqual(await new Readiness(facts()).failing(), []);
    assert.deepEqual(await new Readiness(facts({ stopping: () => true })).failing(), ['draining']);
    const broken = facts({ listening: () => false, writeMetadata: () => Promise.reject(new Error('full')), dataPath: '/nowhere/at/all' });
    assert.deepEqual(await new Readiness(broken).failing(), ['listeners', 'disk', 'metadata']);
  });

  it('writes once a second, however often it is asked', async () => {
    let writes = 0;
    let nowMs = 0;
    const readiness = new Readiness(facts({ writeMetadata: async () => void writes++, nowMs: () => nowMs }));
    await Promise.all(Array.from({ length: 50 }, () => readiness.failing()));
    assert.equal(writes, 1);
    nowMs = 999;
    await readiness.failing();
    assert.equal(writes, 1);
    nowMs = 1_000;
    await readiness.failing();
    assert.equal(writes, 2);
    folder.remove();
  });
});
