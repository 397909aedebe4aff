import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { describe, it } from 'node:test';
import { loadAddon } from '../../src/addon/addon.ts';
import type { DatagramReceiver } from '../../src/quic/datagram-socket.ts';
import { adoptNativeUdp } from '../../src/quic/native-udp.ts';
import { connectionIdBytes, endpointOf, makeConnectionId } from '../../src/transports/quic/connection-ids.ts';
import { eventually } from '../support/server-suite.ts';

const { openUdpGroup, adoptUdp } = loadAddon();
const bufferBytes = 1024 * 1024;
const datagramBytes = 30;
const longHeader = 0xc0;
const shortHeader = 0x40;

function datagram(header: number, idAt: number, idByte: number): Buffer {
  const bytes = Buffer.alloc(datagramBytes, 0x55);
  bytes[0] = header;
  bytes[idAt] = idByte;
  return bytes;
}

describe('connection ids', () => {
  it('name their endpoint, and are not alike otherwise', () => {
    for (const endpoints of [1, 2, 3, 7, 64, 255, 256]) {
      for (const endpoint of [0, 1, endpoints >> 1, endpoints - 1].filter((number) => number < endpoints)) {
        const ids = Array.from({ length: 300 }, () => makeConnectionId(endpoint, endpoints));
        for (const id of ids) {
          assert.equal(id.length, connectionIdBytes);
          assert.equal(endpointOf(Buffer.concat([Buffer.from([shortHeader]), id]), endpoints), endpoint);
          assert.equal(endpointOf(Buffer.concat([Buffer.from([longHeader, 0, 0, 0, 1, id.length]), id]), endpoints), endpoint);
        }
        assert.equal(new Set(ids.map((id) => id.toString('hex'))).size, ids.length);
        // Every first byte that names the endpoint comes up, as far as so few ids go.
        const firsts = new Set(ids.map((id) => id[0]));
        assert.ok(firsts.size > 256 / endpoints / 2, `${firsts.size} of ${endpoints}`);
      }
    }
  });
});

describe('UDP sockets on one address', { skip: openUdpGroup === undefined || adoptUdp === undefined }, () => {
  const open = openUdpGroup as NonNullable<typeof openUdpGroup>;
  const adopt = adoptUdp as NonNullable<typeof adoptUdp>;

  for (const host of ['127.0.0.1', '::1']) {
    it(`each get the datagrams whose connection ids name them (${host})`, async () => {
      const count = 3;
      const { port, descriptors } = open(host, 0, bufferBytes, count);
      const received: Buffer[][] = [];
      const sockets = descriptors.map((descriptor) => {
        const own: Buffer[] = [];
        received.push(own);
        const receiver: DatagramReceiver = {
          datagram: (bytes) => own.push(Buffer.from(bytes)),
          turnEnded() {},
          writable() {},
        };
        return adoptNativeUdp(adopt, descriptor, host, receiver);
      });
      for (const socket of sockets) assert.equal(socket.port, port);
      const datagrams = [
        ...Array.from({ length: 256 }, (_, byte) => datagram(shortHeader, 1, byte)),
        ...Array.from({ length: 256 }, (_, byte) => datagram(longHeader, 6, byte)),
        Buffer.from([shortHeader]),
        Buffer.from([longHeader, 1, 1, 1, 1, 1]),
      ];
      // From two addresses, which makes no difference.
      const clients = [0, 1].map(() => dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4'));
      for (const [index, bytes] of datagrams.entries()) {
        await new Promise<void>((resolve) => clients[index % 2]?.send(bytes, port, host, () => resolve()));
      }
      await eventually('all', () => received.flat().length === datagrams.length);
      for (const [socket, own] of received.entries()) {
        for (const bytes of own) assert.equal(endpointOf(bytes, count), socket, bytes.toString('hex'));
      }
      for (const client of clients) client.close();
      for (const socket of sockets) socket.close();
    });
  }

  it('are refused where somebody else is, though he shares', () => {
    const first = open('127.0.0.1', 0, bufferBytes, 2);
    assert.throws(() => open('127.0.0.1', first.port, bufferBytes, 2), /Address already in use/);
    for (const descriptor of first.descriptors) {
      const socket = adopt(descriptor, true, () => undefined);
      socket.close();
    }
  });

  it('take no wrong arguments', () => {
    assert.throws(() => open('127.0.0.1', 0, bufferBytes, 0), RangeError);
    assert.throws(() => open('127.0.0.1', 0, bufferBytes, 257), RangeError);
    assert.throws(() => open('127.0.0.1', 70_000, bufferBytes, 1), RangeError);
    assert.throws(() => open('localhost', 0, bufferBytes, 1), /cannot be bound/);
    assert.throws(() => adopt(-1, true, () => undefined), /cannot be taken over/);
    assert.throws(() => adopt('1' as unknown as number, true, () => undefined), TypeError);
  });
});
