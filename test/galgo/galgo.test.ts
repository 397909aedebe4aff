import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { AuthenticationError, ClosedError, connect, Galgo, type GalgoOptions } from '../../src/index.ts';
import { startServerProcess, temporaryFolder } from '../support/test-server.ts';

async function started(t: TestContext, options: GalgoOptions = {}): Promise<Galgo> {
  const galgo = await Galgo.start(options);
  t.after(() => galgo.close());
  return galgo;
}

function folderFor(t: TestContext): string {
  const folder = temporaryFolder();
  t.after(() => folder.remove());
  return path.join(folder.path, 'data');
}

const topic = { stream: 'shop', topic: 'orders' };

async function createTopic(galgo: Galgo, partitionsCount = 1) {
  const client = await galgo.connect();
  await client.streams.create({ name: topic.stream });
  await client.topics.create({ stream: topic.stream, name: topic.topic, partitionsCount });
  return client;
}

describe('the life of a server in this process', () => {
  test('without a folder it has a temporary one, which is gone after close', async () => {
    const galgo = await Galgo.start();
    assert.ok(existsSync(path.join(galgo.path, 'galgo.lock')));
    assert.deepEqual(Object.values(galgo.addresses).filter(Boolean), [], 'it listens nowhere');
    await galgo.close();
    assert.ok(!existsSync(galgo.path));
    await galgo.close();
    await assert.rejects(galgo.connect(), /closed/);
  });

  test('on a folder it finds again what was there', async (t) => {
    const folder = folderFor(t);
    const first = await Galgo.start({ path: folder });
    const client = await createTopic(first);
    await client.producer(topic).sendAll([{ payload: 'a' }, { payload: 'b' }]);
    await first.close();
    assert.equal(first.path, folder);
    assert.ok(existsSync(folder), 'a folder that was named stays');
    const second = await started(t, { path: folder });
    const { messages } = await (await second.connect()).messages.poll({ ...topic, from: 'first' });
    assert.deepEqual(
      messages.map((message) => message.text()),
      ['a', 'b'],
    );
  });

  test('await using closes it', async () => {
    const galgo = await Galgo.start();
    await galgo[Symbol.asyncDispose]();
    assert.ok(!existsSync(galgo.path));
  });

  test('several live side by side, each with data of its own', async (t) => {
    const [one, two] = [await started(t), await started(t, { path: folderFor(t) })];
    const [first, second] = [await createTopic(one), await two.connect()];
    assert.equal((await first.streams.list()).length, 1);
    assert.equal((await second.streams.list()).length, 0);
    await one.close();
    await createTopic(two);
    assert.equal((await second.streams.list()).length, 1);
  });

  test('closing ends its clients in good order: producers send what they hold, consumers end', async (t) => {
    const folder = folderFor(t);
    const galgo = await Galgo.start({ path: folder });
    const client = await createTopic(galgo);
    const consumer = client.consumer({ ...topic, name: 'reader' });
    const running = consumer.run(() => undefined);
    const sent = client.producer({ ...topic, lingerMs: 60_000 }).send({ payload: 'held' });
    await sleep(50);
    await galgo.close();
    await running;
    assert.equal((await sent).offset, 0);
    await assert.rejects(client.system.ping(), ClosedError);
    const again = await started(t, { path: folder });
    assert.equal((await (await again.connect()).messages.poll({ ...topic, from: 'first' })).messages.length, 1);
  });

  test('it leaves signals and errors of the process alone', async (t) => {
    const events = ['SIGINT', 'SIGTERM', 'SIGHUP', 'uncaughtException', 'unhandledRejection', 'exit', 'beforeExit'];
    const listeners = () => events.map((event) => process.listenerCount(event));
    const before = listeners();
    const galgo = await started(t);
    await galgo.connect();
    assert.deepEqual(listeners(), before);
  });
});

describe('what cannot be started', () => {
  test('a folder that is open already, here or in another process', async (t) => {
    const folder = folderFor(t);
    const galgo = await Galgo.start({ path: folder });
    const refused = { code: 'DATA_FOLDER_IN_USE', message: new RegExp(`${folder} is in use by process ${process.pid}`) };
    await assert.rejects(Galgo.start({ path: folder }), refused);
    await assert.rejects(startServerProcess(folder), /is in use by process/);
    await (await galgo.connect()).system.ping();
    await galgo.close();
    const server = await startServerProcess(folder);
    await assert.rejects(Galgo.start({ path: folder }), { code: 'DATA_FOLDER_IN_USE' });
    await server.stop();
    await (await Galgo.start({ path: folder })).close();
  });

  test('a folder of something else', async () => {
    await assert.rejects(Galgo.start({ path: path.dirname(new URL(import.meta.url).pathname) }), { code: 'GALGO_DATA_FOLDER' });
  });

  test('settings that make no sense; nothing is left behind', async (t) => {
    // A place of its own, since others make temporary folders at the same time.
    const { TMPDIR } = process.env;
    const place = folderFor(t);
    mkdirSync(place, { recursive: true });
    process.env.TMPDIR = place;
    t.after(() => {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
    });
    const wrong = { tcp: { adress: '127.0.0.1:0' } } as unknown as NonNullable<GalgoOptions['config']>;
    await assert.rejects(Galgo.start({ config: wrong }), { code: 'GALGO_CONFIGURATION', message: /did you mean tcp\.address/ });
    await assert.rejects(Galgo.start({ root: { username: 'x', password: 'secret' } }), /root\.username must have 3 to 50 bytes/);
    await assert.rejects(Galgo.start({ config: { tcp: { enabled: true, address: '203.0.113.1:1' } } }), { code: 'EADDRNOTAVAIL' });
    assert.deepEqual(readdirSync(place), []);
  });

  test('the environment has no say', async (t) => {
    process.env.GALGO_TCP_ENABLED = 'nonsense';
    t.after(() => delete process.env.GALGO_TCP_ENABLED);
    await started(t);
  });
});

describe('clients without a socket', () => {
  for (const generation of ['vsr', 'classic'] as const) {
    test(`${generation}: messages of every size come and go`, async (t) => {
      const galgo = await started(t);
      await createTopic(galgo);
      const client = await galgo.connect({ generation });
      for (const bytes of [0, 1, 5_000, 70_000, 300_000, 9_000_000]) {
        const payload = Buffer.alloc(bytes, `${bytes} `);
        await client.messages.send({ ...topic, messages: [{ payload }] });
        const { messages } = await client.messages.poll({ ...topic, from: 'last', count: 1 });
        assert.ok(Buffer.from(messages[0]?.payload ?? []).equals(payload), `${bytes} bytes`);
      }
      // More than the server takes unanswered, so that it stops reading in between.
      const payload = Buffer.alloc(100_000, 'x');
      await Promise.all(Array.from({ length: 200 }, () => client.messages.send({ ...topic, messages: [{ payload }] })));
      assert.equal((await client.topics.get({ stream: topic.stream, topic: topic.topic }))?.messagesCount, 206);
    });
  }

  test('are root unless they say who they are; then they must prove it', async (t) => {
    const galgo = await started(t);
    const root = await galgo.connect();
    assert.equal((await root.system.me()).userId, 0);
    assert.equal((await root.system.me()).address, 'in-process');
    await root.users.create({ username: 'alice', password: 'wonderland' });
    const alice = await galgo.connect({ username: 'alice', password: 'wonderland' });
    assert.equal((await alice.system.me()).userId, 1);
    await assert.rejects(galgo.connect({ signal: AbortSignal.abort('no more') }), (reason) => reason === 'no more');
    await assert.rejects(galgo.connect({ username: 'alice', password: 'looking-glass' }), AuthenticationError);
    await assert.rejects(galgo.connect({ username: 'iggy', password: 'in-process' }), AuthenticationError);
    await galgo.connect({ username: 'iggy', password: galgo.rootPassword as string });
  });

  test('a busy client leaves time for everything else', async (t) => {
    const galgo = await started(t);
    const client = await galgo.connect();
    let busy = true;
    const pinging = (async () => {
      while (busy) await client.system.ping();
    })();
    await sleep(20);
    busy = false;
    await pinging;
  });

  test('wait for messages in the server', async (t) => {
    const galgo = await started(t);
    const client = await createTopic(galgo);
    assert.equal(await client.messages.longestWaitMs(), 30_000);
    const poll = client.messages.poll({ ...topic, from: 'first', waitMs: 10_000 });
    await (await galgo.connect()).messages.send({ ...topic, messages: [{ payload: 'a' }] });
    assert.equal((await poll).messages.length, 1);
  });

  test('beyond the limit of connections are refused', async (t) => {
    const galgo = await started(t, { config: { limits: { connections_max: 2 } } });
    const [first] = [await galgo.connect(), await galgo.connect()];
    await assert.rejects(galgo.connect({ reconnect: false }), /the limit is 2/);
    await first?.close();
    await sleep(20);
    await galgo.connect();
  });
});

test('listeners that are switched on serve others', async (t) => {
  const address = '127.0.0.1:0';
  const listener = { enabled: true, address };
  const root = { username: 'admin', password: 'for the tests' };
  const galgo = await started(t, { root, config: { tcp: listener, websocket: listener } });
  assert.equal(galgo.rootPassword, undefined);
  const { tcp, quic } = galgo.addresses;
  assert.equal(quic, undefined);
  const client = await connect(`iggy://admin:for the tests@${tcp}`);
  await createTopic(galgo);
  assert.equal((await client.streams.list()).length, 1);
  await client.close();
});

test('a logger that is given gets the log; without one nothing is written', async (t) => {
  const lines: string[] = [];
  const galgo = await started(t, { logger: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }) });
  await createTopic(galgo);
  assert.ok(lines.some((line) => line.includes('CreateTopic')));
});
