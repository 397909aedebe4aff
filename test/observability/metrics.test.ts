import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { createConsumerGroup } from '../../src/protocol/commands/create-consumer-group.ts';
import { createStream } from '../../src/protocol/commands/create-stream.ts';
import { deleteTopic } from '../../src/protocol/commands/delete-topic.ts';
import { getStats } from '../../src/protocol/commands/get-stats.ts';
import { ping } from '../../src/protocol/commands/ping.ts';
import { storeConsumerOffset } from '../../src/protocol/commands/store-consumer-offset.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import { Api, refusedWith } from '../http/support/api.ts';
import { createTestGroup, fill, groupConsumer, join } from '../support/groups.ts';
import { createTestTopic, generations, poll, send, testMessages } from '../support/messages.ts';
import { serverSuite } from '../support/server-suite.ts';
import { createTestUser } from '../support/users.ts';
import { type Exposition, parseExposition } from './support/exposition.ts';

const openMetrics = { accept: 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3' };

async function scrape(api: Api, headers: Record<string, string> = openMetrics): Promise<Exposition> {
  const reply = await api.get('/metrics', headers);
  assert.equal(reply.status, 200, reply.text);
  return parseExposition(reply.text);
}

serverSuite('metrics', {}, (suite) => {
  let api: Api;
  before(async () => {
    api = new Api(suite.server.httpAddress);
    await api.login();
  });

  it('begin with those of Iggy, under its names, in its order', async () => {
    const reply = await api.get('/metrics', { accept: '*/*' });
    assert.equal(reply.headers.get('content-type'), 'text/plain; charset=utf-8');
    const lines = reply.text.split('\n').filter((line) => !line.startsWith('galgo_'));
    assert.match(
      lines.slice(0, 3).join('\n'),
      /^# HELP http_requests total count of http_requests\.\n# TYPE http_requests counter\nhttp_requests_total \d+$/,
    );
    const gauges = ['streams', 'topics', 'partitions', 'segments', 'messages', 'users', 'clients'];
    const expected = gauges.flatMap((name) => [`# HELP ${name} total count of ${name}.`, `# TYPE ${name} gauge`, name]);
    assert.deepEqual(
      lines.slice(3, 24).map((line) => (line.startsWith('#') ? line : line.split(' ')[0])),
      expected,
    );
  });

  it('come in the form that is asked for', async () => {
    const open = await api.get('/metrics', openMetrics);
    assert.equal(open.headers.get('content-type'), 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    assert.equal(parseExposition(open.text).types.get('http_requests'), 'counter');
    const older = await api.get('/metrics', { accept: 'text/plain;version=0.0.4' });
    assert.equal(older.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    const parsed = parseExposition(older.text);
    assert.equal(parsed.types.get('http_requests_total'), 'counter');
    assert((parsed.value('http_requests_total') ?? 0) > 0);
    assert.deepEqual(parsed.names, parseExposition(open.text).names);
  });

  it('take a bearer whose user may read servers', async () => {
    refusedWith(await new Api(suite.server.httpAddress).get('/metrics'), 401, 40);
    const root = await suite.login('vsr');
    const blind = await createTestUser(root, { global: ['readStreams'] });
    const reader = await createTestUser(root, { global: ['readServers'] });
    const other = new Api(suite.server.httpAddress);
    await other.login(blind.username, blind.password);
    refusedWith(await other.get('/metrics'), 403, 41);
    await other.login(reader.username, reader.password);
    await scrape(other);
  });

  it('have the true totals, also after a restart', async () => {
    const client = await suite.login('classic');
    const name = await createTestTopic(client, 3);
    await send(client, name, testMessages(0, 7));
    const first = await scrape(api);
    await suite.restart('stop');
    api = new Api(suite.server.httpAddress);
    await api.login();
    const second = await scrape(api);
    for (const total of ['streams', 'topics', 'partitions', 'messages', 'users']) {
      assert((second.value(total) ?? 0) > 0, total);
      assert.equal(second.value(total), first.value(total), total);
    }
    assert.equal(second.value('clients'), 0);
  });

  for (const generation of generations) {
    it(`${generation}: requests are counted with their duration and their error`, async () => {
      const client = await suite.login(generation);
      const labels = (command: string) => ({ protocol: generation, command });
      const count = (exposition: Exposition, command: string) =>
        exposition.value('galgo_request_duration_seconds_count', labels(command)) ?? 0;
      const before = await scrape(api);
      for (let i = 0; i < 5; i++) await client.call(ping, undefined);
      await client.call(getStats, undefined);
      const name = await createTestTopic(client);
      for (let i = 0; i < 3; i++) await send(client, name, testMessages(i, 1));
      await poll(client, name);
      await assert.rejects(client.call(createStream, { name: name.stream, options: noOptions }));
      await assert.rejects(poll(client, { ...name, topic: 'none' }));
      await assert.rejects(send(client, { ...name, topic: 'none' }, testMessages(0, 1)));
      const after = await scrape(api);
      const more = (command: string) => count(after, command) - count(before, command);
      assert.deepEqual(
        {
          ping: more('Ping'),
          stats: more('GetStats'),
          send: more('SendMessages'),
          poll: more('PollMessages'),
          stream: more('CreateStream'),
        },
        { ping: 5, stats: 1, send: 4, poll: 2, stream: 2 },
      );
      const failures = (command: string, error: string) => after.value('galgo_request_failures_total', { ...labels(command), error });
      assert.equal(failures('CreateStream', 'stream-name-already-exists'), 1);
      assert.equal(failures('PollMessages', 'topic-id-not-found'), 1);
      assert.equal(failures('SendMessages', 'topic-id-not-found'), 1);
      assert.equal(after.value('galgo_request_duration_seconds_bucket', { ...labels('Ping'), le: '+Inf' }), count(after, 'Ping'));
      assert((after.value('galgo_request_duration_seconds_sum', labels('Ping')) ?? 0) > 0);
    });

    it(`${generation}: messages and bytes of a topic are counted in and out`, async () => {
      const client = await suite.login(generation);
      const name = await createTestTopic(client);
      const before = await scrape(api);
      await send(client, name, testMessages(0, 10, 100));
      await poll(client, name);
      await poll(client, name, { count: 4 });
      const after = await scrape(api);
      assert.equal(after.value('galgo_topic_messages_received_total', { ...name }), 10);
      assert.equal(after.value('galgo_topic_messages_delivered_total', { ...name }), 14);
      assert.equal(after.value('galgo_topic_messages', { ...name }), 10);
      const bytes = after.value('galgo_topic_bytes_received_total', { ...name }) ?? 0;
      assert(bytes > 1000 && bytes < 3000, `${bytes}`);
      assert((after.value('galgo_topic_bytes_delivered_total', { ...name }) ?? 0) > 1400);
      const total = (exposition: Exposition) => exposition.value('galgo_messages_received_total') ?? 0;
      assert.equal(total(after) - total(before), 10);
      await client.call(deleteTopic, name);
      const last = await scrape(api);
      assert.equal(last.value('galgo_topic_messages', { ...name }), undefined);
      assert.equal(total(last), total(after), 'what was counted stays counted');
    });
  }

  it('tell how far groups are behind', async () => {
    const client = await suite.login('classic');
    const name = await createTestGroup(client, 2);
    await fill(client, name, 2, 10);
    const lag = async (partition: string) => (await scrape(api)).value('galgo_consumer_group_lag_messages', { ...name, partition });
    assert.equal(await lag('0'), 10);
    await join(client, name);
    await client.call(storeConsumerOffset, { ...name, consumer: groupConsumer, partition: 0, offset: 6n });
    assert.equal(await lag('0'), 3);
    assert.equal(await lag('1'), 10);
    assert.equal((await scrape(api)).value('galgo_consumer_group_members', { ...name }), 1);
  });

  it('write names of any kind so that they can be read back', async () => {
    const client = await suite.login('classic');
    const stream = 'a "quoted" back\\slash, and\nline {le="1"} ü';
    await client.call(createStream, { name: stream, options: noOptions });
    const topic = await api.post(`/streams/${encodeURIComponent(stream)}/topics`, {
      compression_algorithm: 'none',
      message_expiry: 0,
      max_topic_size: 0,
      name: 'x',
      partitions_count: 1,
    });
    assert.equal(topic.status, 200, topic.text);
    assert.equal((await scrape(api)).value('galgo_topic_messages', { stream, topic: 'x' }), 0);
  });

  it('count connections and bytes of each transport', async () => {
    const before = await scrape(api);
    const client = await suite.login('vsr');
    const name = await createTestTopic(client);
    await send(client, name, testMessages(0, 10, 10_000));
    await poll(client, name);
    const after = await scrape(api);
    const more = (metric: string, transport: string) =>
      (after.value(metric, { transport }) ?? 0) - (before.value(metric, { transport }) ?? 0);
    assert.equal(more('galgo_connections_opened_total', 'tcp'), 1);
    assert((after.value('galgo_connections', { transport: 'tcp' }) ?? 0) >= 1);
    for (const metric of ['galgo_received_bytes_total', 'galgo_sent_bytes_total']) {
      const bytes = more(metric, 'tcp');
      assert(bytes > 100_000 && bytes < 110_000, `${metric} ${bytes}`);
      assert(more(metric, 'http') > 100, metric);
      assert.equal(more(metric, 'quic'), 0);
    }
  });

  it('count what is no command without making a series of it', async () => {
    const client = await suite.connect('classic');
    for (const code of [7_777, 8_888]) {
      const frame = Buffer.alloc(8);
      frame.writeUInt32LE(4, 0);
      frame.writeUInt32LE(code, 4);
      await client.exchange(frame);
    }
    const after = await scrape(api);
    assert.equal(after.value('galgo_request_failures_total', { protocol: 'classic', command: 'Unknown', error: 'invalid-command' }), 2);
  });

  it('count HTTP requests by operation, and those that are refused', async () => {
    const before = await scrape(api);
    await api.get('/streams/none-of-this-name');
    await api.get('/no/such/path');
    const after = await scrape(api);
    assert.equal((after.value('http_requests_total') ?? 0) - (before.value('http_requests_total') ?? 0), 3);
    assert.equal(after.value('galgo_request_failures_total', { protocol: 'http', command: 'GetStream', error: 'not-found' }), 1);
    assert((after.value('galgo_request_duration_seconds_count', { protocol: 'http', command: 'GetMetrics' }) ?? 0) > 1);
  });

  it('show every limit beside its use', async () => {
    const exposition = await scrape(api);
    assert.equal(exposition.value('galgo_limit_max', { limit: 'limits.streams_max' }), 1_000_000);
    assert.equal(exposition.value('galgo_limit_used', { limit: 'limits.streams_max' }), exposition.value('streams'));
    assert.equal(exposition.count('galgo_limit_used'), exposition.count('galgo_limit_max'));
  });

  it('tell of the event loop, the process and the engine', async () => {
    await scrape(api);
    const exposition = await scrape(api);
    const between = (name: string, min: number, max: number, labels: Record<string, string> = {}) => {
      const value = exposition.value(name, labels);
      assert(value !== undefined && value >= min && value <= max, `${name} ${value}`);
    };
    between('galgo_event_loop_delay_seconds', 0, 60, { quantile: '0.99' });
    between('process_resident_memory_bytes', 20e6, 2e9);
    between('process_cpu_seconds_total', 0.01, 600);
    between('process_open_fds', 10, 1000);
    between('galgo_disk_free_bytes', 1, 2 ** 60);
    between('galgo_engine_buffers_resident_bytes', 1, 2 ** 40);
    assert.equal(exposition.value('galgo_engine_queued_appends'), 0);
    assert.equal(exposition.value('galgo_log_lines_dropped_total'), 0);
  });
});

serverSuite('metrics of a server that syncs every batch', { ENGINE_DURABILITY: 'group' }, (suite) => {
  it('tell how long the syncs took', async () => {
    const client = await suite.login('vsr');
    const name = await createTestTopic(client);
    const api = new Api(suite.server.httpAddress);
    await api.login();
    const before = await scrape(api);
    for (let i = 0; i < 5; i++) await send(client, name, testMessages(i, 1));
    const after = await scrape(api);
    const sync = (exposition: Exposition, sample: string) => exposition.value(`galgo_engine_sync_duration_seconds_${sample}`) ?? 0;
    const more = (sample: string) => sync(after, sample) - sync(before, sample);
    assert(more('count') >= 5, `${more('count')}`);
    assert(more('sum') > 0 && more('sum') < 60, `${more('sum')}`);
    assert.equal(after.value('galgo_engine_sync_duration_seconds_bucket', { le: '+Inf' }), sync(after, 'count'));
    assert.equal(after.value('galgo_engine_queued_appends'), 0);
  });
});

serverSuite(
  'metrics of many topics',
  { HTTP_METRICS_MAX_TOPICS: '2', HTTP_METRICS_MAX_LAGS: '3', HTTP_METRICS_PUBLIC: 'true' },
  (suite) => {
    it('leave out what is above the limits, and say so; the totals have all', async () => {
      const client = await suite.login('classic');
      for (let i = 0; i < 4; i++) {
        const name = await createTestTopic(client, 2);
        await client.call(createConsumerGroup, { ...name, name: 'group' });
        await send(client, name, testMessages(0, 5));
      }
      const exposition = await scrape(new Api(suite.server.httpAddress));
      assert.equal(exposition.value('topics'), 4);
      assert.equal(exposition.value('messages'), 20);
      assert.equal(exposition.value('galgo_messages_received_total'), 20);
      assert.equal(exposition.count('galgo_topic_messages'), 2);
      assert.equal(exposition.count('galgo_consumer_group_lag_messages'), 2);
      assert.equal(exposition.value('galgo_metrics_left_out', { kind: 'topic' }), 2);
      assert.equal(exposition.value('galgo_metrics_left_out', { kind: 'lag' }), 6);
    });
  },
);

serverSuite('metrics at another path', { HTTP_METRICS_ENDPOINT: '/internal/figures', HTTP_METRICS_PUBLIC: 'true' }, (suite) => {
  it('are there without a bearer if they are public', async () => {
    const api = new Api(suite.server.httpAddress);
    assert.match((await api.get('/internal/figures')).text, /http_requests_total 1\n/);
    await api.login();
    refusedWith(await api.get('/metrics'), 404, 404);
  });
});

serverSuite('metrics that are off', { HTTP_METRICS_ENABLED: 'false' }, (suite) => {
  it('are not there, and requests are answered all the same', async () => {
    const api = new Api(suite.server.httpAddress);
    await api.login();
    refusedWith(await api.get('/metrics'), 404, 404);
    for (const generation of generations) {
      const client = await suite.login(generation);
      await send(client, await createTestTopic(client), testMessages(0, 1));
    }
  });
});
