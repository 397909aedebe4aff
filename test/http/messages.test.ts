// Messages over HTTP: what goes in comes out, on every transport the same; one message as bytes; lines of JSON.

import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { serverSuite } from '../support/server-suite.ts';
import { Api, base64, done, partitionValue, refusedWith } from './support/api.ts';

interface Shown {
  header: { offset: number; checksum: number; user_headers_length: number };
  payload: string;
  user_headers: unknown;
}

serverSuite('messages over HTTP', {}, (suite) => {
  let api: Api;
  before(async () => {
    api = new Api(suite.server.httpAddress);
    await api.login();
  });
  const send = (topic: string, messages: object[], query = '') =>
    api.post(`${topic}/messages${query}`, { partitioning: { kind: 'partition_id', value: partitionValue(0) }, messages });
  const polled = async (topic: string, query = ''): Promise<Shown[]> =>
    done(await api.get(`${topic}/messages?count=100${query}`)).json.messages;

  it('payloads of every length and byte come back', async () => {
    const topic = await api.topic();
    const payloads = [1, 2, 3, 255, 256, 65_537].map((length) => Buffer.from(Array.from({ length }, (_, i) => i % 256)).toString('base64'));
    done(
      await send(
        topic,
        payloads.map((payload) => ({ payload })),
      ),
    );
    assert.deepEqual(
      (await polled(topic)).map(({ payload }) => payload),
      payloads,
    );
  });

  it('what is no base64 is refused, and nothing of its batch is kept', async () => {
    const topic = await api.topic();
    for (const payload of ['A', 'AA', 'AAA', 'AA=A', '====', 'AA==AA==', 'AA-_', 'AA\n=', ' AA==', 'ÄÄ==', 'AAAA=']) {
      const reply = await send(topic, [{ payload: 'AA==' }, { payload }]);
      assert.equal(reply.status, 422, `${JSON.stringify(payload)} ${reply.text}`);
    }
    assert.deepEqual(await polled(topic), []);
  });

  it('ids that are none are refused', async () => {
    const topic = await api.topic();
    for (const id of ['-1', '1.5', 'null', '"x"', '"340282366920938463463374607431768211456"', '18446744073709551616', 'true', '{}']) {
      const body = `{"partitioning":{"kind":"balanced","value":""},"messages":[{"payload":"AA==","id":${id}}]}`;
      assert.equal((await api.post(`${topic}/messages`, body)).status, 422, id);
    }
    const body =
      '{"messages":[{"payload":"AA==","id":18446744073709551615,"header":{"id":3},"origin_timestamp":1}],"partitioning":{"kind":"balanced","value":""}}';
    done(await api.post(`${topic}/messages`, body));
    assert.match((await api.get(`${topic}/messages`)).text, /"id":18446744073709551615,/);
  });

  it('of user headers with the same key the last one stays; a ready-made block is stored as it is', async () => {
    const topic = await api.topic();
    const header = (key: string, value: string) => ({
      key: { kind: 'string', value: base64(key) },
      value: { kind: 'string', value: base64(value) },
    });
    const secret = Buffer.from('not a block of headers').toString('base64');
    done(
      await send(topic, [
        { payload: 'AA==', user_headers: [header('b', '1'), header('a', '2'), header('b', '3')] },
        { payload: 'AA==', user_headers: secret },
        { payload: 'AA==', user_headers: null },
      ]),
    );
    const headers = (await polled(topic)).map(({ user_headers }) => user_headers);
    assert.deepEqual(headers, [[header('a', '2'), header('b', '3')], secret, []]);
    assert.equal((await send(topic, [{ payload: 'AA==', user_headers: [header('', '1')] }])).status, 422);
    assert.equal((await send(topic, [{ payload: 'AA==', user_headers: [header('k', 'x'.repeat(256))] }])).status, 422);
    assert.equal((await send(topic, [{ payload: 'AA==', user_headers: [{ key: { kind: 'odd', value: 'AA==' } }] }])).status, 422);
    const many = Array.from({ length: 500 }, (_, i) => header(`key-${i}`, 'x'.repeat(250)));
    assert.equal((await send(topic, [{ payload: 'AA==', user_headers: many }])).status, 422);
  });

  it('a key leads to one partition', async () => {
    const topic = await api.topic(4);
    const partitions = new Set<number>();
    for (let i = 0; i < 4; i++) {
      const reply = await api.post(`${topic}/messages`, {
        partitioning: { kind: 'messages_key', value: base64('order-42') },
        messages: [{ payload: 'AA==' }],
      });
      partitions.add(done(reply).json.confirmations[0].partition_id);
    }
    assert.equal(partitions.size, 1);
  });

  it('clients of Iggy 0.9 see its checksums', async () => {
    const topic = await api.topic();
    done(
      await send(topic, [
        { id: 1, payload: 'AA==' },
        { id: 2, payload: 'AQ==' },
      ]),
    );
    const newer = new Api(api.url);
    await newer.login('iggy', 'iggy', '0.11.0');
    const older = done(await api.get(`${topic}/messages`)).json;
    const shown = done(await newer.get(`${topic}/messages`)).json;
    const withoutChecksums = (page: { messages: Shown[] }) =>
      page.messages.map(({ header, ...rest }) => ({ ...rest, header: { ...header, checksum: 0 } }));
    assert.deepEqual(withoutChecksums(shown), withoutChecksums(older));
    assert.notEqual(shown.messages[1].header.checksum, older.messages[1].header.checksum);
    const cut = done(await newer.get(`${topic}/messages?value=1&count=1`)).json.messages;
    assert.deepEqual(cut, [shown.messages[1]]);
  });

  it('without an acknowledgement a send is accepted', async () => {
    const topic = await api.topic();
    const reply = await send(topic, [{ payload: 'AA==' }], '?ack=none');
    assert.deepEqual([reply.status, reply.text, reply.headers.get('iggy-durability')], [202, '', 'none']);
    assert.equal((await polled(topic)).length, 1);
    assert.equal((await send(topic, [{ payload: 'AA==' }], '?ack=some')).status, 400);
  });

  it('the durability of the topic is told', async () => {
    const name = `s-${crypto.randomUUID()}`;
    done(await api.post('/streams', { name }));
    const settings = { compression_algorithm: 'none', message_expiry: 0, max_topic_size: 0 };
    done(await api.post(`/streams/${name}/topics`, { ...settings, name: 't', partitions_count: 1, options: { durability: 'persisted' } }));
    const reply = await send(`/streams/${name}/topics/t`, [{ payload: 'AA==' }]);
    assert.deepEqual([reply.status, reply.headers.get('iggy-durability')], [201, 'persisted']);
  });

  it('a body may be a message as it is', async () => {
    const topic = await api.topic(2);
    const raw = (query: string, body: string | Uint8Array | undefined, headers: Record<string, string> = {}) =>
      api.call('POST', `${topic}/messages/raw${query}`, body, headers);
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 256);
    const sent = done(
      await raw('?partition_id=1&id=77', bytes, { 'content-type': 'application/octet-stream', 'galgo-header-trace': 'abc' }),
    );
    assert.deepEqual([sent.status, sent.json.confirmations[0].partition_id], [201, 1]);
    const [message] = await polled(topic, '&partition_id=1');
    assert.deepEqual(Buffer.from(message?.payload ?? '', 'base64'), Buffer.from(bytes));
    assert.deepEqual(message?.user_headers, [
      { key: { kind: 'string', value: base64('trace') }, value: { kind: 'string', value: base64('abc') } },
    ]);
    done(await raw('?key=k', 'plain text', { 'content-type': 'application/x-www-form-urlencoded' }));
    done(await raw('', '{"json":true}'));
    assert.equal((await raw('', undefined)).status, 422);
    assert.equal((await raw('?key=k&partition_id=0', 'x')).status, 400);
    assert.equal((await raw('?id=x', 'x')).status, 400);
    refusedWith(await raw('?partition_id=9', 'x'), 404, 3007);
    assert.equal((await raw('', 'x'.repeat(2_000_001))).status, 413);
  });

  it('a poll may be lines', async () => {
    const topic = await api.topic();
    done(await send(topic, [{ payload: 'AA==' }, { payload: 'AQ==' }]));
    const reply = done(await api.get(`${topic}/messages`, { accept: 'application/x-ndjson' }));
    assert.match(reply.headers.get('content-type') ?? '', /^application\/x-ndjson/);
    const lines = reply.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Shown);
    assert.deepEqual(lines, await polled(topic));
  });

  it('permissions are those of the binary protocol', async () => {
    const topic = await api.topic();
    const [, , stream] = topic.split('/');
    const streamId = done(await api.get(`/streams/${stream}`)).json.id as number;
    const none = {
      manage_stream: false,
      read_stream: false,
      manage_topics: false,
      read_topics: false,
      poll_messages: false,
      send_messages: false,
    };
    const flags = [
      'manage_servers',
      'read_servers',
      'manage_users',
      'read_users',
      'manage_streams',
      'read_streams',
      'manage_topics',
      'read_topics',
    ];
    const global = Object.fromEntries([...flags, 'poll_messages', 'send_messages'].map((flag) => [flag, false]));
    const others = async (granted: object) => {
      const username = `user-${crypto.randomUUID().slice(0, 8)}`;
      const permissions = { global, streams: { [streamId]: { ...none, ...granted } } };
      done(await api.post('/users', { username, password: 'secret', status: 'active', permissions }));
      const other = new Api(api.url);
      await other.login(username, 'secret');
      return other;
    };
    const body = { partitioning: { kind: 'balanced', value: '' }, messages: [{ payload: 'AA==' }] };
    const sender = await others({ send_messages: true });
    done(await sender.post(`${topic}/messages`, body));
    done(await sender.call('POST', `${topic}/messages/raw`, 'x'));
    for (const path of ['/messages', '/consumer-offsets', '/partitions/0/tail']) refusedWith(await sender.get(`${topic}${path}`), 403, 41);
    const poller = await others({ poll_messages: true });
    done(await poller.get(`${topic}/messages`));
    refusedWith(await poller.post(`${topic}/messages`, body), 403, 41);
    refusedWith(await poller.get(topic), 403, 41);
    refusedWith(await poller.post(`${topic}/partitions`, { partitions_count: 1 }), 403, 41);
    refusedWith(await poller.delete(topic), 403, 41);
  });
});
