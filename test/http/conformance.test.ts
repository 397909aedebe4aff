// The API as Iggy 0.8 has it, row by row of its conformance list. Row 7, revoked tokens over a restart, is in access-tokens.test.ts, and row 34, the console, in console.test.ts.

import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { serverSuite } from '../support/server-suite.ts';
import { Api, base64, done, partitionValue, plainTopic, refusedWith } from './support/api.ts';

const unlimited = '18446744073709551615';

serverSuite('the HTTP API', {}, (suite) => {
  let api: Api;
  before(async () => {
    api = new Api(suite.server.httpAddress);
    await api.login();
  });
  const anonymous = () => new Api(suite.server.httpAddress);
  const send = (topic: string, messages: object[], extra: object = {}) =>
    api.post(`${topic}/messages`, { partitioning: { kind: 'partition_id', value: partitionValue(0) }, messages, ...extra });

  it('1: answers a ping without a token', async () => {
    const reply = await anonymous().get('/ping');
    assert.deepEqual([reply.status, reply.text, reply.headers.get('content-type')], [200, 'pong', 'text/plain; charset=utf-8']);
    assert.equal((await anonymous().get('/')).text, 'Iggy API');
  });

  it('2: refuses everything else without one, with an error object', async () => {
    refusedWith(await anonymous().get('/streams'), 401, 40);
    refusedWith(await anonymous().get('/no/such/path'), 401, 40);
    refusedWith(await anonymous().call('PATCH', '/streams'), 401, 40);
    const spoiled = anonymous();
    spoiled.token = 'a.b.c';
    refusedWith(await spoiled.get('/streams'), 401, 40);
    assert.equal((await spoiled.get('/ping')).status, 200);
  });

  it('3: refuses a wrong password', async () => {
    refusedWith(await anonymous().post('/users/login', { username: 'iggy', password: 'wrong' }), 400, 42);
    refusedWith(await anonymous().post('/users/login', { username: 'nobody', password: 'wrong' }), 400, 42);
    // A user name of digits is no number of a user.
    refusedWith(await anonymous().post('/users/login', { username: '000', password: 'iggy' }), 400, 42);
  });

  it('4: logs in, with the end of the token in seconds', async () => {
    const reply = await anonymous().post('/users/login', { username: 'iggy', password: 'iggy' });
    assert.equal(reply.status, 200);
    assert.equal(reply.json.user_id, 0);
    const left = reply.json.access_token.expiry - Date.now() / 1000;
    assert(left > 3500 && left <= 3601, `${left}`);
  });

  it('5: refreshes a token once', async () => {
    const other = anonymous();
    const token = await other.login();
    const refreshed = done(await anonymous().post('/users/refresh-token', { token }));
    refusedWith(await anonymous().post('/users/refresh-token', { token }), 401, 78);
    refusedWith(await other.get('/streams'), 401, 40);
    other.token = refreshed.json.access_token.token;
    done(await other.get('/streams'));
    refusedWith(await anonymous().post('/users/refresh-token', { token: '' }), 401, 78);
    refusedWith(await anonymous().post('/users/refresh-token', { token: `${other.token}x` }), 401, 40);
  });

  it('6: a logout revokes the token', async () => {
    const other = anonymous();
    await other.login();
    assert.equal((await other.delete('/users/logout')).status, 204);
    refusedWith(await other.get('/streams'), 401, 40);
  });

  it('8: a stream’s name is taken once', async () => {
    const name = `twice-${crypto.randomUUID()}`;
    const first = await api.post('/streams', { name });
    assert.equal(first.status, 200);
    assert.deepEqual(first.json.topics, []);
    const second = await api.post('/streams', { name });
    refusedWith(second, 400, 1012);
    assert.equal(second.json.field, 'name');
  });

  it('9, 10: a missing stream is not found, by a read and by a change', async () => {
    refusedWith(await api.get('/streams/none'), 404, 404);
    refusedWith(await api.delete('/streams/none'), 404, 1009);
    refusedWith(await api.get('/streams/none/topics'), 404, 404);
    refusedWith(await api.get('/streams/none/topics/none/consumer-groups'), 404, 1009);
    refusedWith(await api.get(`/streams/${'n'.repeat(256)}`), 400, 6);
  });

  it('11: a topic of defaults shows them to the last digit', async () => {
    const topic = await api.topic(2);
    const { text, json } = done(await api.get(topic));
    assert.match(
      text,
      new RegExp(`"message_expiry":${unlimited},"compression_algorithm":"none","max_topic_size":${unlimited},"replication_factor":1`),
    );
    assert.equal(json.partitions.length, 2);
    assert.deepEqual(json.options.message_expiry, { value: unlimited, explicit: false });
  });

  it('12, 13: refuses a topic that is too small or has too many partitions', async () => {
    const name = `s-${crypto.randomUUID()}`;
    await api.post('/streams', { name });
    const topics = `/streams/${name}/topics`;
    refusedWith(await api.post(topics, { ...plainTopic, name: 't', partitions_count: 1, max_topic_size: 1000 }), 400, 1019);
    refusedWith(await api.post(topics, { ...plainTopic, name: 't', partitions_count: 1001 }), 400, 2015);
    refusedWith(await api.post(topics, { ...plainTopic, name: '', partitions_count: 1 }), 400, 2014);
    refusedWith(await api.post(topics, { ...plainTopic, name: 't', partitions_count: 1, replication_factor: 0 }), 400, 2018);
    assert.equal((await api.post(topics, { ...plainTopic, name: 't' })).status, 422);
    assert.deepEqual(done(await api.get(topics)).json, []);
  });

  it('14: messages come back exactly', async () => {
    const topic = await api.topic();
    const headers = [
      { key: { kind: 'uint32', value: 'KgAAAA==' }, value: { kind: 'int32', value: '+f///w==' } },
      { key: { kind: 'string', value: base64('key_1') }, value: { kind: 'string', value: base64('value 1') } },
    ];
    const id = '340282366920938463463374607431768211455';
    const reply = await send(topic, [{ id, payload: base64('hello'), user_headers: headers }]);
    assert.equal(reply.status, 201);
    assert.equal(reply.headers.get('iggy-durability'), 'replicated');
    assert.deepEqual(
      reply.json.confirmations.map((one: { base_offset: number }) => one.base_offset),
      [0],
    );
    const polled = done(await api.get(`${topic}/messages`));
    assert(polled.text.includes(`"id":${id},"offset":0,`), polled.text);
    const [message] = polled.json.messages;
    assert.equal(message.payload, base64('hello'));
    // By kind, then by bytes.
    assert.deepEqual(message.user_headers, [headers[1], headers[0]]);
    assert.equal(message.header.payload_length, 5);
    assert.equal(message.header.user_headers_length, 22 + 18);
  });

  it('15: an id may be a UUID', async () => {
    const topic = await api.topic();
    done(await send(topic, [{ id: 'af362865-042c-4000-0000-000000000000', payload: 'AA==' }]));
    assert(done(await api.get(`${topic}/messages`)).text.includes('"id":232896102592441153464425264804708483072,'));
  });

  it('16, 17, 18: refuses what is no send', async () => {
    const topic = await api.topic();
    assert.equal((await send(topic, [{ payload: '' }])).status, 422);
    assert.equal((await send(topic, [{}])).status, 422);
    assert.equal((await send(topic, [{ payload: 'AA==' }], { more: 1 })).status, 422);
    refusedWith(await send(topic, []), 400, 4009);
    const partitioned = (partitioning: object) => api.post(`${topic}/messages`, { partitioning, messages: [{ payload: 'AA==' }] });
    refusedWith(await partitioned({ kind: 'partition_id', value: partitionValue(7) }), 404, 3007);
    refusedWith(await partitioned({ kind: 'partition_id', value: 'AAA=' }), 400, 3);
    refusedWith(await partitioned({ kind: 'messages_key', value: '' }), 400, 4028);
    assert.equal((await partitioned({ kind: 'sideways', value: '' })).status, 422);
    assert.equal((await partitioned({ kind: 'balanced', value: '' })).status, 201);
    const empty = await api.topic(0);
    for (const partitioning of [
      { kind: 'balanced', value: '' },
      { kind: 'messages_key', value: 'AA==' },
    ]) {
      refusedWith(await api.post(`${empty}/messages`, { partitioning, messages: [{ payload: 'AA==' }] }), 404, 2010);
    }
  });

  it('19: an empty partition has no messages', async () => {
    const { status, text } = await api.get(`${await api.topic()}/messages`);
    assert.deepEqual([status, text], [200, '{"partition_id":0,"current_offset":0,"count":0,"messages":[]}']);
  });

  it('20: the next page follows the one that was committed', async () => {
    const topic = await api.topic();
    done(
      await send(
        topic,
        Array.from({ length: 5 }, (_, i) => ({ payload: base64(`m${i}`) })),
      ),
    );
    const page = async () => {
      const { json } = done(await api.get(`${topic}/messages?consumer_id=reader&kind=next&count=2&auto_commit=true`));
      return json.messages.map((message: { header: { offset: number } }) => message.header.offset);
    };
    assert.deepEqual([await page(), await page(), await page(), await page()], [[0, 1], [2, 3], [4], []]);
    const last = done(await api.get(`${topic}/messages?kind=l&count=2`)).json;
    assert.deepEqual([last.current_offset, last.messages[0].header.offset], [4, 3]);
  });

  it('21, 22, 23: offsets that are not there or out of range', async () => {
    const topic = await api.topic();
    refusedWith(await api.get(`${topic}/consumer-offsets?consumer_id=app`), 404, 404);
    refusedWith(await api.put(`${topic}/consumer-offsets`, { consumer_id: 'app', offset: 5 }), 400, 4100);
    refusedWith(await api.delete(`${topic}/consumer-offsets/app`), 404, 3021);
    refusedWith(await api.get('/streams/none/topics/none/consumer-offsets'), 404, 1009);
    done(await send(topic, [{ payload: 'AA==' }, { payload: 'AQ==' }]));
    assert.equal((await api.put(`${topic}/consumer-offsets`, { consumer_id: 'app', partition_id: null, offset: 1 })).status, 204);
    refusedWith(await api.put(`${topic}/consumer-offsets`, { consumer_id: 'app', offset: 2 }), 400, 4100);
    assert.deepEqual(done(await api.get(`${topic}/consumer-offsets?consumer_id=app`)).json, {
      partition_id: 0,
      current_offset: 1,
      stored_offset: 1,
    });
    assert.equal((await api.delete(`${topic}/consumer-offsets/app`)).status, 204);
  });

  it('24: creates a consumer group', async () => {
    const topic = await api.topic(2);
    const created = await api.post(`${topic}/consumer-groups`, { name: 'group' });
    assert.deepEqual([created.status, created.text], [201, '{"id":0,"name":"group","partitions_count":2,"members_count":0,"members":[]}']);
    refusedWith(await api.post(`${topic}/consumer-groups`, { name: 'group' }), 400, 5004);
    assert.equal(done(await api.get(`${topic}/consumer-groups/group`)).text, created.text);
    refusedWith(await api.get(`${topic}/consumer-groups/other`), 404, 5000);
    assert.equal((await api.delete(`${topic}/consumer-groups/0`)).status, 204);
    assert.deepEqual(done(await api.get(`${topic}/consumer-groups`)).json, []);
  });

  it('25: creates and deletes partitions', async () => {
    const topic = await api.topic();
    const created = await api.post(`${topic}/partitions`, { partitions_count: 3 });
    assert.deepEqual([created.status, created.text], [201, '']);
    refusedWith(await api.post(`${topic}/partitions`, { partitions_count: 0 }), 400, 2015);
    assert.equal((await api.delete(`${topic}/partitions?partitions_count=2`)).status, 204);
    refusedWith(await api.delete(`${topic}/partitions?partitions_count=5`), 400, 2019);
    assert.equal((await api.delete(`${topic}/partitions`)).status, 400);
    assert.equal(done(await api.get(topic)).json.partitions_count, 2);
    assert.equal((await api.delete(`${topic}/partitions/0?segments_count=1`)).status, 204);
    refusedWith(await api.delete(`${topic}/partitions/9?segments_count=1`), 404, 3007);
    assert.equal((await api.delete(`${topic}/partitions/x?segments_count=1`)).status, 400);
  });

  it('26, 27, 28: refuses bodies that are too large, of another type, or malformed', async () => {
    const bodyOf = (bytes: number) => JSON.stringify({ name: 'x'.repeat(bytes - '{"name":""}'.length) });
    assert.equal((await api.post('/streams', bodyOf(2_000_001))).status, 413);
    refusedWith(await api.post('/streams', bodyOf(2_000_000)), 400, 1013);
    assert.equal((await api.call('POST', '/streams')).status, 415);
    assert.equal((await api.call('POST', '/streams', '{"name":"x"}', { 'content-type': 'text/plain' })).status, 415);
    for (const body of ['{', '', '{"name":"x"} trailing', '{"name":"x",}', "{'name':1}"]) {
      assert.equal((await api.call('POST', '/streams', body, { 'content-type': 'application/json' })).status, 400, body);
    }
    for (const body of ['{}', '[]', '{"name":1}', '{"name":null}', '{"name":"a","name":"b"}']) {
      assert.equal((await api.call('POST', '/streams', body, { 'content-type': 'application/json' })).status, 422, body);
    }
    const odd = `odd-${crypto.randomUUID()}`;
    const accepted = { 'content-type': 'application/vnd.of-mine+json; charset=utf-8' };
    done(await api.call('POST', '/streams', `{"name":"${odd}","stream_id":9,"else":[1]}`, accepted));
  });

  it('29: answers preflights without a token', async () => {
    const reply = await anonymous().call('OPTIONS', '/streams', undefined, {
      origin: 'https://app.example',
      'access-control-request-method': 'POST',
    });
    assert.equal(reply.status, 200);
    assert.equal(reply.headers.get('access-control-allow-origin'), '*');
    assert.equal(reply.headers.get('access-control-allow-methods'), 'GET,POST,PUT,DELETE');
    assert.equal(reply.headers.get('access-control-allow-headers'), 'content-type,authorization');
    assert.equal((await anonymous().get('/ping')).headers.get('access-control-allow-origin'), '*');
  });

  it('30, 31: users without permissions see no figures, root cannot be deleted', async () => {
    const username = `user-${crypto.randomUUID().slice(0, 8)}`;
    const created = done(await api.post('/users', { username, password: 'secret', status: 'active', permissions: null }));
    assert.deepEqual([created.json.status, created.json.permissions], ['active', null]);
    const other = anonymous();
    await other.login(username, 'secret');
    for (const path of ['/stats', '/clients', '/streams', '/users']) refusedWith(await other.get(path), 403, 41);
    refusedWith(await other.post('/snapshot', { compression: 'Stored', snapshot_types: ['Test'] }), 403, 41);
    assert.equal(done(await other.get('/users/me')).json.username, username);
    refusedWith(await api.delete('/users/0'), 400, 48);
    refusedWith(await api.put('/users/iggy/permissions', {}), 400, 49);
    refusedWith(await api.delete('/users/no-such-user'), 404, 20);
    refusedWith(await api.get('/users/no-such-user'), 404, 404);
  });

  it('32: the metrics are a whole exposition', async () => {
    const { status, text } = await api.get('/metrics');
    assert.equal(status, 200);
    assert.match(text, /^http_requests_total \d+$/m);
    assert(text.endsWith('\n# EOF\n'), text.slice(-100));
  });

  it('33: sizes are texts that can be read back', async () => {
    const topic = await api.topic();
    done(await send(topic, [{ payload: base64('x'.repeat(114)) }]));
    assert.equal(done(await api.get(topic)).json.size, '178 B');
    const stats = done(await api.get('/stats')).json;
    for (const field of ['memory_usage', 'total_memory', 'read_bytes', 'messages_size_bytes', 'free_disk_space']) {
      assert.match(stats[field], /^\d+(\.\d{1,3})? ([KMGTPE]i?)?B$/);
    }
  });

  it('35: JSON has no blanks', async () => {
    for (const path of [
      '/stats',
      '/streams',
      '/users',
      '/cluster/metadata',
      '/streams/none',
      '/options/topic',
      '/personal-access-tokens',
    ]) {
      const { text } = await api.get(path);
      assert.doesNotMatch(text.replace(/"(?:[^"\\]|\\.)*"/g, '""'), /\s/, path);
    }
  });

  it('says which methods a path has', async () => {
    const reply = await api.call('PATCH', '/streams');
    assert.equal(reply.status, 405);
    assert.equal(reply.headers.get('allow'), 'GET, HEAD, POST');
    for (const method of ['PROPFIND', 'QUERY']) {
      const unusual = await api.call(method, '/streams/1/topics/1?a=b');
      assert.deepEqual([unusual.status, unusual.headers.get('allow')], [405, 'GET, HEAD, PUT, DELETE'], method);
    }
    // Also those of its neighbour /users/:user_id.
    const login = await api.delete('/users/login');
    assert.deepEqual([login.status, login.headers.get('allow')], [405, 'POST']);
    assert.equal((await api.get('/no/such/path')).status, 404);
    assert.equal((await api.get('/streams/')).status, 404);
    assert.equal((await api.get('//streams')).status, 404);
    const head = await api.call('HEAD', '/streams');
    assert.deepEqual([head.status, head.text], [200, '']);
  });

  it('changes of a topic may be whole or in part', async () => {
    const topic = await api.topic();
    const update = (change: object) => api.put(topic, { name: 'topic', ...change });
    done(await update({ compression_algorithm: 'GZip', message_expiry: 604_800_000_000, max_topic_size: 0, replication_factor: 3 }));
    const whole = done(await api.get(topic)).json;
    assert.deepEqual([whole.compression_algorithm, whole.message_expiry, whole.replication_factor], ['gzip', 604_800_000_000, 3]);
    done(await update({ message_expiry: 1_000_000 }));
    const part = done(await api.get(topic)).json;
    assert.deepEqual([part.compression_algorithm, part.message_expiry, part.replication_factor], ['gzip', 1_000_000, 3]);
    done(await update({ options: { 'galgo.retention_count': '5' } }));
    assert.deepEqual(done(await api.get(topic)).json.options['galgo.retention_count'], { value: '5', explicit: true });
    refusedWith(await update({ options: { nonsense: '1' } }), 400, 4041);
    refusedWith(await update({ compression_algorithm: 'none', message_expiry: 0, max_topic_size: 1000 }), 400, 1019);
  });

  it('users, passwords and permissions', async () => {
    const username = `user-${crypto.randomUUID().slice(0, 8)}`;
    refusedWith(await api.post('/users', { username: 'ab', password: 'secret', status: 'active' }), 400, 43);
    refusedWith(await api.post('/users', { username, password: 's', status: 'active' }), 400, 44);
    assert.equal((await api.post('/users', { username, password: 'secret', status: 'asleep' })).status, 422);
    done(await api.post('/users', { username, password: 'secret', status: 'active' }));
    const taken = await api.post('/users', { username, password: 'secret', status: 'active' });
    refusedWith(taken, 400, 46);
    assert.equal(taken.json.field, 'username');
    const flags = (names: string[], set: string[]) => Object.fromEntries(names.map((name) => [name, set.includes(name)]));
    const global = ['manage_servers', 'read_servers', 'manage_users', 'read_users', 'manage_streams', 'read_streams', 'manage_topics'];
    const rest = ['read_topics', 'poll_messages', 'send_messages'];
    const permissions = {
      global: flags([...global, ...rest], ['read_servers']),
      streams: {
        '0': {
          ...flags(['manage_stream', 'read_stream', 'manage_topics', ...rest], ['read_stream']),
          topics: { '4294967295': flags(['manage_topic', 'read_topic', 'poll_messages', 'send_messages'], ['send_messages']) },
        },
      },
    };
    assert.equal((await api.put(`/users/${username}/permissions`, { permissions })).status, 204);
    assert.deepEqual(done(await api.get(`/users/${username}`)).json.permissions, permissions);
    const missing = { global: { ...permissions.global, send_messages: undefined } };
    assert.equal((await api.put(`/users/${username}/permissions`, { permissions: missing })).status, 422);
    assert.equal((await api.put(`/users/${username}/permissions`, { permissions: { ...permissions, streams: { name: {} } } })).status, 422);
    const other = anonymous();
    await other.login(username, 'secret');
    done(await other.get('/stats'));
    refusedWith(await other.put('/users/me/password', { current_password: 'wrong', new_password: 'secret1' }), 400, 42);
    done(await other.put('/users/me/password', { current_password: 'secret', new_password: 'secret1' }));
    await other.login(username, 'secret1');
    // As Iggy's C# client names it.
    done(await api.put(`/users/${username}`, { user_status: 'inactive' }));
    refusedWith(await other.get('/stats'), 401, 40);
    refusedWith(await anonymous().post('/users/login', { username, password: 'secret1' }), 400, 47);
    assert.equal((await api.delete(`/users/${username}`)).status, 204);
  });

  it('flushes, in the form of the reference and in that of its client', async () => {
    const topic = await api.topic();
    for (const path of ['0/true', '0/false', '0/fsync=true?partition_id=0&fsync=true']) {
      const reply = await api.get(`${topic}/messages/flush/${path}`);
      assert.deepEqual([reply.status, reply.text], [200, ''], path);
    }
    assert.equal((await api.get(`${topic}/messages/flush/0/maybe`)).status, 400);
    refusedWith(await api.get(`${topic}/messages/flush/3/true`), 404, 3007);
  });

  it('purges', async () => {
    const topic = await api.topic();
    done(await send(topic, [{ payload: 'AA==' }]));
    assert.equal((await api.delete(`${topic}/purge`)).status, 204);
    assert.equal(done(await api.get(topic)).json.messages_count, 0);
    done(await send(topic, [{ payload: 'AA==' }]));
    assert.equal((await api.delete(`${topic.replace('/topics/topic', '')}/purge`)).status, 204);
    assert.equal(done(await api.get(`${topic}/messages`)).json.count, 0);
  });

  it('queries that cannot be understood are refused', async () => {
    const topic = await api.topic();
    const refused = [
      'count=',
      'count=x',
      'count=-1',
      'count=4294967296',
      'kind=sideways',
      'auto_commit=yes',
      'count=1&count=2',
      'value=1.5',
    ];
    for (const query of refused) assert.equal((await api.get(`${topic}/messages?${query}`)).status, 400, query);
    done(await api.get(`${topic}/messages?value=18446744073709551615&unknown=1&count=0`));
  });

  it('shows the cluster, clients and options', async () => {
    const cluster = done(await api.get('/cluster/metadata')).json;
    assert.equal(cluster.nodes[0].endpoints.http, Number(new URL(suite.server.httpAddress).port));
    assert.equal(cluster.nodes[0].status, 'healthy');
    await suite.login('classic');
    const clients = done(await api.get('/clients')).json;
    const [client] = clients.filter((one: { transport: string }) => one.transport === 'tcp');
    assert.equal(client.user_id, 0);
    assert.deepEqual(done(await api.get(`/clients/${client.client_id}`)).json, { ...client, consumer_groups: [] });
    refusedWith(await api.get('/clients/4000000000'), 404, 404);
    assert.equal((await api.get('/clients/me')).status, 400);
    const options = done(await api.get('/options/topic')).json;
    assert.equal(options.find((option: { key: string }) => option.key === 'message_expiry').kind, 'uint64');
    assert.equal((await api.get('/options/other')).status, 400);
  });

  it('hands out a snapshot', async () => {
    const reply = await api.post('/snapshot', { compression: 'Deflated', snapshot_types: ['Test', 'ServerConfig'] });
    assert.equal(reply.status, 200);
    assert.equal(reply.headers.get('content-type'), 'application/zip');
    assert.match(reply.headers.get('content-disposition') ?? '', /^attachment; filename="iggy_snapshot_\d{8}_\d{6}\.zip"$/);
    assert(reply.text.startsWith('PK'));
    refusedWith(await api.post('/snapshot', { compression: 'Stored', snapshot_types: ['All', 'Test'] }), 400, 3);
  });

  it('keeps a request’s id, or gives it one', async () => {
    assert.equal((await api.get('/ping', { 'x-request-id': 'mine-1' })).headers.get('x-request-id'), 'mine-1');
    assert.match((await api.get('/ping', { 'x-request-id': 'not one' })).headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
    assert.equal((await api.get('/ping')).headers.get('x-content-type-options'), 'nosniff');
  });
});
