import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { createStream } from '../../src/protocol/commands/create-stream.ts';
import { getTopic } from '../../src/protocol/commands/get-topic.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import { Api } from '../http/support/api.ts';
import { createTestTopic, generations, poll, send, testMessages } from '../support/messages.ts';
import { RawClient } from '../support/raw-client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { type CollectedSpan, OtlpCollector } from './support/otlp-collector.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const parentId = '00f067aa0ba902b7';

describe('telemetry', () => {
  const folder = temporaryFolder();
  let collector: OtlpCollector;
  let server: ServerProcess;
  const topics: Record<string, { stream: string; topic: string }> = {};
  const ids: Record<string, number> = {};

  before(async () => {
    collector = await OtlpCollector.start();
    server = await startServerProcess(`${folder.path}/data`, {
      GALGO_TELEMETRY_ENABLED: 'true',
      GALGO_TELEMETRY_SERVICE_NAME: 'orders',
      GALGO_TELEMETRY_TRACES_ENDPOINT: `${collector.url}/v1/traces`,
      GALGO_TELEMETRY_LOGS_ENDPOINT: `${collector.url}/v1/logs`,
      GALGO_HTTP_METRICS_ENABLED: 'false',
    });
    for (const generation of generations) {
      const client = await RawClient.connect(server.address, generation);
      await client.login();
      const name = await createTestTopic(client);
      topics[generation] = name;
      await send(client, name, testMessages(0, 3));
      await poll(client, name);
      ids[generation] = (await client.call(getTopic, name))?.id ?? -1;
      await assert.rejects(client.call(createStream, { name: name.stream, options: noOptions }));
      client.close();
    }
    const api = new Api(server.httpAddress);
    await api.get('/ping', { traceparent: `00-${traceId}-${parentId}-01`, tracestate: 'vendor=1' });
    await api.get('/ping', { traceparent: `00-${'a'.repeat(32)}-${parentId}-00` });
    await api.get('/ping', { traceparent: 'no trace at all' });
    await api.get('/streams/none');
    // What waits for export is exported before the server ends.
    assert.equal(await server.stop(), 0, server.output());
  });
  after(() => {
    collector.close();
    folder.remove();
  });

  const spansOf = (name: string, protocol: string): CollectedSpan[] =>
    collector.spans.filter((span) => span.name === name && span.attributes['galgo.protocol'] === protocol);
  const spanOf = (name: string, protocol: string): CollectedSpan => {
    const [span, ...others] = spansOf(name, protocol);
    assert(span !== undefined && others.length === 0, `${others.length + (span ? 1 : 0)} spans ${name}`);
    return span;
  };

  it('names the service and its version', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    assert(collector.resources.length >= 2);
    for (const resource of collector.resources) {
      assert.equal(resource['service.name'], 'orders');
      assert.equal(resource['service.version'], version);
    }
  });

  for (const generation of generations) {
    it(`${generation}: makes a span of each command, with what it was about`, () => {
      for (const command of ['SendMessages', 'PollMessages']) {
        const span = spanOf(command, generation);
        assert.equal(span.kind, 2, 'a server’s span');
        assert.equal(span.error, undefined);
        assert.equal(span.parentSpanId, undefined);
        assert.equal(span.attributes['galgo.transport'], 'tcp');
        assert.equal(span.attributes['galgo.user_id'], 0);
        assert.equal(span.attributes['galgo.topic'], ids[generation]);
        assert.equal(typeof span.attributes['galgo.stream'], 'number');
        assert(span.durationMs > 0 && span.durationMs < 10_000, `${span.durationMs}`);
        assert(Math.abs(span.startedAtMs - Date.now()) < 120_000);
      }
      const created = spanOf('CreateTopic', generation);
      assert.equal(created.attributes['galgo.stream'], topics[generation]?.stream);
      assert.equal(spansOf(generation === 'classic' ? 'LoginUser' : 'Register', generation).length, 1);
    });

    it(`${generation}: says what a command failed with`, () => {
      const failed = spansOf('CreateStream', generation).filter((span) => span.error !== undefined);
      assert.equal(failed.length, 1);
      assert.equal(failed[0]?.error, 'stream-name-already-exists');
      assert.equal(failed[0]?.attributes['error.type'], 'stream-name-already-exists');
    });
  }

  it('goes on with the trace of an HTTP request, and begins one where there is none', () => {
    const pings = spansOf('Ping', 'http');
    assert.equal(pings.length, 2, 'the second one asked not to be sampled');
    const [followed, alone] = pings;
    assert.deepEqual([followed?.traceId, followed?.parentSpanId], [traceId, parentId]);
    assert.equal(followed?.attributes['http.route'], '/ping');
    assert.equal(followed?.attributes['http.request.method'], 'GET');
    assert.equal(followed?.attributes['http.response.status_code'], 200);
    assert.notEqual(alone?.traceId, traceId);
    assert.equal(alone?.parentSpanId, undefined);
    const refused = spanOf('GetStream', 'http');
    assert.equal(refused.error, 'unauthenticated');
    assert.equal(refused.attributes['galgo.stream'], 'none');
  });

  it('exports the lines of the log', () => {
    const started = collector.logs.find(({ body }) => body === 'starting');
    assert.equal(started?.severity, 'info');
    assert.equal(started?.severityNumber, 9);
    assert.equal(typeof started?.attributes.version, 'string');
    assert(collector.logs.some(({ body }) => body === 'Telemetry initialized with service name: orders'));
    assert.match(server.output(), /Telemetry initialized with service name: orders/);
  });
});

describe('telemetry without a collector', () => {
  it('says so, and disturbs nobody', async () => {
    const folder = temporaryFolder();
    const collector = await OtlpCollector.start();
    collector.refusal = 400;
    const server = await startServerProcess(`${folder.path}/data`, {
      GALGO_TELEMETRY_ENABLED: 'true',
      GALGO_TELEMETRY_TRACES_ENDPOINT: `${collector.url}/v1/traces`,
      // Nobody listens there.
      GALGO_TELEMETRY_LOGS_ENDPOINT: 'http://127.0.0.1:9/v1/logs',
    });
    const client = await RawClient.connect(server.address, 'vsr');
    await client.login();
    const name = await createTestTopic(client);
    await send(client, name, testMessages(0, 1));
    while (collector.requests === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    await send(client, name, testMessages(1, 1));
    assert.equal((await poll(client, name)).messages.length, 2);
    client.close();
    const begunMs = performance.now();
    assert.equal(await server.stop(), 0, server.output());
    assert(performance.now() - begunMs < 15_000);
    assert.match(server.output(), /telemetry cannot be exported/);
    collector.close();
    folder.remove();
  });

  it('over gRPC is refused with what to write instead', async () => {
    const folder = temporaryFolder();
    await assert.rejects(
      startServerProcess(`${folder.path}/data`, { GALGO_TELEMETRY_ENABLED: 'true', GALGO_TELEMETRY_TRACES_TRANSPORT: 'grpc' }),
      /telemetry\.traces\.transport must be "http"/,
    );
    folder.remove();
  });
});

describe('telemetry that is off', () => {
  it('is not even loaded', async () => {
    const folder = temporaryFolder();
    const list = `${folder.path}/loaded`;
    const preload = new URL('./support/list-loaded.mjs', import.meta.url);
    const server = await startServerProcess(`${folder.path}/data`, { NODE_OPTIONS: `--import=${preload}`, LOADED_MODULES_FILE: list });
    assert.equal(await server.stop(), 0);
    const loaded = readFileSync(list, 'utf8');
    assert(loaded.includes('node_modules/fastify/'), 'what is loaded is told');
    assert(!loaded.includes('opentelemetry/sdk'));
    folder.remove();
  });
});
