import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { Duplex } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RawData, WebSocket } from 'ws';
import { createTestTopic, poll, send, testMessages } from '../support/messages.ts';
import { RawClient } from '../support/raw-client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { connectWebSocket } from '../support/transports.ts';

const handshakeTimeoutMs = 700;

function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}

const classicPing = u32(4, 1);

function vsrPing(number: number): Buffer {
  const frame = Buffer.alloc(256);
  frame.writeUInt32LE(frame.length, 48);
  frame[60] = 5;
  frame[128] = 1;
  frame.writeUInt32LE(number, 168);
  frame[176] = 2;
  frame.writeUInt32LE(1, 196);
  return frame;
}

/** A socket after its upgrade, for peers that keep to no rules. */
async function upgraded(url: string): Promise<net.Socket> {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.write(
    `GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`,
  );
  const [head] = (await once(socket, 'data')) as [Buffer];
  assert.match(head.toString(), /^HTTP\/1\.1 101 [\s\S]*\r\n\r\n$/);
  return socket;
}

function closed(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** A masked frame of a client; the mask is zero. */
function frame(opcode: number, fin: boolean, payload: Buffer, announcedBytes = payload.length): Buffer {
  const head = Buffer.alloc(14);
  head[0] = (fin ? 0x80 : 0) | opcode;
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(BigInt(announcedBytes), 2);
  return Buffer.concat([head, payload]);
}

it('a server that stops says so to WebSocket clients, and does not wait for those that do not listen', async () => {
  const folder = temporaryFolder();
  const server = await startServerProcess(`${folder.path}/data`);
  const polite = new WebSocket(server.websocketAddress);
  await once(polite, 'open');
  polite.send(classicPing);
  await once(polite, 'message');
  const deaf = await upgraded(server.websocketAddress);
  deaf.write(frame(0x2, true, classicPing));
  await once(deaf, 'data');
  deaf.pause();
  const ended = once(polite, 'close') as Promise<[number]>;
  const notice = once(polite, 'message') as Promise<[Buffer]>;
  const startedAtMs = performance.now();
  assert.equal(await server.stop(), 0, server.output());
  assert.ok(performance.now() - startedAtMs < 5_000);
  assert.equal((await notice)[0].length, 8);
  assert.equal((await ended)[0], 1001);
  deaf.destroy();
  folder.remove();
});

describe('WebSocket', () => {
  const folder = temporaryFolder();
  let server: ServerProcess;
  let url: string;

  before(async () => {
    server = await startServerProcess(`${folder.path}/data`, {
      GALGO_WEBSOCKET_HANDSHAKE_TIMEOUT: `${handshakeTimeoutMs} ms`,
      GALGO_WEBSOCKET_MAX_MESSAGE_SIZE: '32 MiB',
      GALGO_WEBSOCKET_ALLOWED_ORIGINS: 'https://console.example',
      GALGO_LIMITS_STALL_TIMEOUT: '1 s',
      GALGO_LIMITS_CONNECTIONS_MAX: '50',
    });
    url = server.websocketAddress;
  });

  after(async () => {
    assert.equal(await server.stop(), 0, server.output());
    folder.remove();
  });

  const open = async (options: ConstructorParameters<typeof WebSocket>[2] = {}): Promise<WebSocket> => {
    const websocket = new WebSocket(url, { perMessageDeflate: true, ...options });
    websocket.on('error', () => undefined);
    await once(websocket, 'open');
    return websocket;
  };
  /** Sends messages; resolves to the close code of the server. */
  const refusal = async (...messages: (Buffer | string)[]): Promise<number> => {
    const websocket = await open();
    const ended = once(websocket, 'close') as Promise<[number]>;
    for (const message of messages) websocket.send(message);
    return (await ended)[0];
  };
  const stillServes = async () => {
    const websocket = await open();
    websocket.send(classicPing);
    const [reply] = (await once(websocket, 'message')) as [Buffer];
    assert.deepEqual(reply, u32(0, 0));
    websocket.terminate();
  };

  it('takes no extension and no subprotocol', async () => {
    const websocket = await open();
    assert.equal(websocket.extensions, '');
    websocket.terminate();
    const [response] = (await once(
      http.get(url.replace('ws:', 'http:'), {
        headers: {
          upgrade: 'websocket',
          connection: 'upgrade',
          'sec-websocket-version': '13',
          'sec-websocket-key': Buffer.alloc(16).toString('base64'),
          'sec-websocket-protocol': 'iggy, mqtt',
        },
      }),
      'upgrade',
    )) as [http.IncomingMessage];
    assert.equal(response.headers['sec-websocket-protocol'], undefined);
    response.socket.destroy();
  });

  it('classic: messages are pieces of one stream, and each reply is a message', async () => {
    const websocket = await open();
    const replies: Buffer[] = [];
    websocket.on('message', (data: RawData) => replies.push(data as Buffer));
    for (const byte of classicPing) websocket.send(Buffer.of(byte));
    websocket.send(Buffer.concat([classicPing, classicPing, classicPing.subarray(0, 3)]));
    websocket.send(Buffer.alloc(0));
    websocket.send(classicPing.subarray(3));
    while (replies.length < 4) await once(websocket, 'message');
    assert.deepEqual(replies, [u32(0, 0), u32(0, 0), u32(0, 0), u32(0, 0)]);
    websocket.terminate();
  });

  it('classic: a frame in many WebSocket frames, with pings between them, is one message', async () => {
    const websocket = await open();
    const pong = once(websocket, 'pong') as Promise<[Buffer]>;
    websocket.send(classicPing.subarray(0, 1), { fin: false });
    websocket.ping('between');
    websocket.send(classicPing.subarray(1, 5), { fin: false });
    websocket.send(classicPing.subarray(5), { fin: true });
    const [reply] = (await once(websocket, 'message')) as [Buffer];
    assert.deepEqual(reply, u32(0, 0));
    assert.equal((await pong)[0].toString(), 'between');
    websocket.terminate();
  });

  it('vsr: requests of one turn are answered by one message each', async () => {
    const websocket = await open();
    const replies: Buffer[] = [];
    websocket.on('message', (data: RawData) => replies.push(data as Buffer));
    for (let number = 1; number <= 20; number++) websocket.send(vsrPing(number));
    while (replies.length < 20) await once(websocket, 'message');
    for (const [index, reply] of replies.entries()) {
      assert.equal(reply.length, reply.readUInt32LE(48));
      assert.equal(reply.readUInt32LE(200), index + 1);
    }
    websocket.terminate();
  });

  it('vsr: a message that is not exactly one frame ends the connection', async () => {
    const ping = vsrPing(1);
    assert.equal(await refusal(Buffer.concat([ping, ping])), 1002);
    assert.equal(await refusal(ping.subarray(0, 255)), 1002);
    assert.equal(await refusal(ping.subarray(0, 100), ping.subarray(100)), 1002);
    assert.equal(await refusal(ping.subarray(0, 2), ping.subarray(2)), 1002);
    assert.equal(await refusal(ping, ping.subarray(0, 100)), 1002);
    assert.equal(await refusal(ping, Buffer.alloc(0)), 1002);
    assert.equal(await refusal(Buffer.concat([ping, Buffer.of(1)])), 1002);
  });

  it('text ends the connection', async () => {
    assert.equal(await refusal('hello'), 1003);
    assert.equal(await refusal(classicPing, 'hello'), 1003);
  });

  it('frames that break RFC 6455 end the connection', async () => {
    const breaking = [
      Buffer.concat([Buffer.of(0x82, 8), classicPing]), // not masked
      frame(0x2 | 0x40, true, classicPing), // a reserved bit
      frame(0x3, true, classicPing), // a reserved opcode
      frame(0x0, true, classicPing), // continues nothing
      frame(0x9, true, Buffer.alloc(126)), // a ping that is too long
      Buffer.concat([frame(0x2, false, classicPing), frame(0x2, true, classicPing)]), // a message within a message
      Buffer.concat(Array.from({ length: 20_000 }, () => frame(0x0, false, Buffer.of(1)))),
      Buffer.concat([frame(0x2, false, Buffer.of(1)), ...Array.from({ length: 20_000 }, () => frame(0x0, false, Buffer.of(1)))]),
    ];
    for (const bytes of breaking) {
      const socket = await upgraded(url);
      socket.write(bytes);
      socket.resume();
      await closed(socket);
    }
    await stillServes();
  });

  it('a client that has not logged in cannot make the server gather a large message', async () => {
    const socket = await upgraded(url);
    socket.write(frame(0x2, true, Buffer.alloc(1_000_000), 30_000_000));
    socket.resume();
    await closed(socket);
    const fragments = await upgraded(url);
    for (let sent = 0; sent < 20 && !fragments.destroyed; sent++)
      fragments.write(frame(sent === 0 ? 0x2 : 0x0, false, Buffer.alloc(10_000, 1)));
    fragments.resume();
    await closed(fragments);
    await stillServes();
  });

  it('a message above the limit is refused by its header', async () => {
    const socket = await upgraded(url);
    socket.write(frame(0x2, true, Buffer.alloc(0), 32 * 1024 * 1024 + 1));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.deepEqual(answer, Buffer.of(0x88, 2, 1009 >> 8, 1009 & 0xff));
    socket.destroy();
    await stillServes();
  });

  it('a peer that stops within a message is closed', async () => {
    const socket = await upgraded(url);
    socket.write(frame(0x2, true, Buffer.alloc(10), 100));
    socket.resume();
    const startedAtMs = performance.now();
    await closed(socket);
    assert.ok(performance.now() - startedAtMs > 900);
  });

  it('a handshake that takes too long is cut, whether it says nothing or little', async () => {
    const { hostname, port } = new URL(url);
    const silent = net.connect(Number(port), hostname).resume();
    const slow = net.connect(Number(port), hostname).resume();
    slow.on('error', () => undefined);
    slow.write('GET / HTTP/1.1\r\n');
    const trickle = setInterval(() => slow.write('X-A: b\r\n'), 100);
    const startedAtMs = performance.now();
    await Promise.all([closed(silent), closed(slow)]);
    clearInterval(trickle);
    assert.ok(performance.now() - startedAtMs < handshakeTimeoutMs * 5);
  });

  it('a request that is no upgrade is told so', async () => {
    const [response] = (await once(http.get(url.replace('ws:', 'http:')), 'response')) as [http.IncomingMessage];
    assert.equal(response.statusCode, 426);
    assert.equal(response.headers.connection, 'close');
    response.resume();
  });

  it('web pages connect only from allowed origins, programs without one always', async () => {
    const status = async (origin: string) => {
      const websocket = new WebSocket(url, { origin });
      const [, response] = (await once(websocket, 'unexpected-response')) as [unknown, http.IncomingMessage];
      response.destroy();
      return response.statusCode;
    };
    assert.equal(await status('https://evil.example'), 403);
    assert.equal(await status('null'), 403);
    (await open({ origin: 'https://console.example' })).terminate();
  });

  it('connections above the limit are refused, those that have not come to their upgrade included', async () => {
    const { hostname, port } = new URL(url);
    await sleep(200);
    const waiting = Array.from({ length: 60 }, () =>
      net
        .connect(Number(port), hostname)
        .on('error', () => undefined)
        .resume(),
    );
    await Promise.race(waiting.map(closed));
    const other = await RawClient.connect(server.address, 'classic');
    await other.login();
    other.close();
    await Promise.all(waiting.map((socket) => socket.destroyed || closed(socket)));
    await stillServes();
  });

  it('replies that are not taken stop the reading of requests, and none is lost', { timeout: 60_000 }, async () => {
    const client = await connectWebSocket(url, 'classic');
    await client.login();
    const name = await createTestTopic(client);
    await send(client, name, testMessages(0, 10, 1_000_000));
    const rss = () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) * 1024;
    const before = rss();
    client.socket.pause();
    const polls = Array.from({ length: 60 }, () => poll(client, name, { count: 10 }));
    await sleep(700);
    const grown = rss() - before;
    client.socket.resume();
    for (const { messages } of await Promise.all(polls)) assert.equal(messages.length, 10);
    assert.ok(grown < 120 * 1024 * 1024, `grew by ${grown} bytes, of 600 MB that were asked for`);
    client.close();
  });

  it('a reply of many megabytes is one message, in frames that official clients take', async () => {
    const producer = await RawClient.connect(server.address, 'vsr');
    await producer.login();
    const name = await createTestTopic(producer);
    for (let first = 0; first < 30; first += 10) await send(producer, name, testMessages(first, 10, 1_000_000));
    producer.close();
    for (const generation of ['classic', 'vsr'] as const) {
      const websocket = await open();
      websocket.binaryType = 'fragments';
      const received: number[][] = [];
      const stream = new Duplex({ read() {}, write: (chunk: Buffer, _encoding, done) => websocket.send(chunk, done) });
      websocket.on('message', (data: RawData) => {
        const fragments = data as Buffer[];
        received.push(fragments.map((fragment) => fragment.length));
        stream.push(Buffer.concat(fragments));
      });
      const client = RawClient.over(stream, generation);
      await client.login();
      received.length = 0;
      assert.equal((await poll(client, name, { count: 30 })).messages.length, 30);
      assert.equal(received.length, 1);
      assert.ok(Math.max(...(received[0] ?? [])) <= 8 * 1024 * 1024);
      websocket.terminate();
    }
  });
});
