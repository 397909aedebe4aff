import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { loadSettings } from '../../src/config/load-settings.ts';
import { startExpiredTokens } from '../../src/jobs/expired-tokens.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import { openMetadataStore } from '../../src/storage/metadata/metadata-store.ts';
import { createEngine } from '../../src/storage/native-engine.ts';
import { authenticateToken } from '../../src/streaming/logins.ts';
import { System } from '../../src/streaming/system.ts';
import { createToken } from '../../src/streaming/token-commands.ts';
import { unlimited } from '../../src/streaming/topic-settings.ts';
import { createUser } from '../../src/streaming/user-commands.ts';
import { temporaryFolder } from '../support/test-server.ts';

const everyMs = 5;
const hourMicros = 3_600_000_000n;

it('expired tokens are removed, from memory and from the store, and no others', async () => {
  const folder = temporaryFolder();
  const { settings } = loadSettings({ env: {}, cwd: folder.path });
  const engine = createEngine({ ...settings.engine });
  const store = await openMetadataStore(folder.path);
  let nowMicros = 1_700_000_000_000_000n;
  const system = await System.load({
    engine,
    store,
    dataPath: folder.path,
    defaults: {
      segmentBytes: settings.system.segment.sizeBytes,
      directIo: false,
      messageExpiry: unlimited,
      maxTopicSize: unlimited,
      durability: 'none',
      offsetDurability: 'none',
      deduplication: { enabled: false, entriesMax: 100, expiry: unlimited },
    },
    rebalancingTimeoutMs: settings.consumerGroup.rebalancingTimeoutMs,
    limits: settings.system.limits,
    clock: { nowMs: () => Number(nowMicros / 1000n), nowMicros: () => nowMicros },
    log: createLogger({ level: 'off', format: 'json', output: undefined }),
  });
  const newUser = { password: 'password', active: true, permissions: undefined, options: noOptions };
  const [one, two] = [await createUser(system, { ...newUser, username: 'one' }), await createUser(system, { ...newUser, username: 'two' })];
  const short = await createToken(system, one, 'short', hourMicros);
  const long = await createToken(system, one, 'long', 2n * hourMicros);
  const endless = await createToken(system, two, 'endless', 0n);
  const names = () => [...one.tokens.list(), ...two.tokens.list()].map(({ name }) => name);
  const stored = () => store.all('token').map(({ row }) => row.name);

  const stop = startExpiredTokens(system, everyMs);
  const settled = async (expected: readonly string[]) => {
    const deadlineMs = performance.now() + 5_000;
    while (names().length > expected.length && performance.now() < deadlineMs) await delay(everyMs);
    assert.deepEqual(names(), expected);
    assert.deepEqual(stored(), expected);
  };

  nowMicros += hourMicros - 1n;
  await delay(10 * everyMs);
  assert.deepEqual(names(), ['short', 'long', 'endless'], 'a microsecond too early');
  assert.equal(authenticateToken(system, short), one);

  nowMicros += 1n;
  assert.throws(() => authenticateToken(system, short), { code: 'personal-access-token-expired' }, 'refused before it is removed');
  await settled(['long', 'endless']);
  assert.throws(() => authenticateToken(system, short), { code: 'resource-not-found' });
  assert.equal(authenticateToken(system, long), one);

  nowMicros += 1_000_000n * hourMicros;
  await settled(['endless']);
  assert.equal(authenticateToken(system, endless), two);

  stop();
  const last = await createToken(system, two, 'last', 1n);
  nowMicros += 1n;
  await delay(10 * everyMs);
  assert.deepEqual(names(), ['endless', 'last'], 'a job that was stopped removes nothing');
  assert.throws(() => authenticateToken(system, last), { code: 'personal-access-token-expired' });
  await system.close();
  await store.close();
  await engine.shutdown();
  folder.remove();
});
