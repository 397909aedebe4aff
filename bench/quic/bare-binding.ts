// What the QUIC library itself reaches with both ends on one thread and no sockets between them: requests of some bytes, each on a stream of its own, each answered with a few.
//
// Both ends work on one core here, a server and a client in two processes have one each: twice this rate is what they could reach if sockets and everything else cost nothing.

import { randomBytes } from 'node:crypto';
import quiche from '@matrixai/quic/native/quiche.js';
import type { Config, Connection } from '@matrixai/quic/native/types.js';
import type { PemPair } from '../../test/support/certificates.ts';
import { configureBare } from './bare-config.ts';

const address = { server: { host: '127.0.0.1', port: 1 }, client: { host: '127.0.0.1', port: 2 } };
const datagramBytes = 1350;
const windowBytes = 16 * 1024 * 1024;
const replyBytes = 28;

/** Bytes of requests a second. */
export function bareBindingRate(pair: PemPair, requestBytes: number, requests: number, inFlight: number): number {
  const serverConfig = quiche.Config.withBoringSslCtx(
    false,
    false,
    undefined,
    [Buffer.from(pair.key)],
    [Buffer.from(pair.certificate)],
    undefined,
  );
  const client = quiche.Connection.connect('localhost', randomBytes(16), address.client, address.server, configured(new quiche.Config()));
  const server = quiche.Connection.accept(randomBytes(16), undefined, address.server, address.client, configured(serverConfig));
  const packet = Buffer.allocUnsafe(65_536);
  const chunk = Buffer.allocUnsafe(65_536);
  const request = randomBytes(requestBytes);
  const reply = Buffer.alloc(replyBytes);

  const carry = (from: Connection, to: Connection, way: { from: typeof address.server; to: typeof address.server }) => {
    for (let sent = from.send(packet); sent !== null; sent = from.send(packet)) to.recv(packet.subarray(0, sent[0]), way);
  };
  const turn = () => {
    carry(client, server, { from: address.client, to: address.server });
    carry(server, client, { from: address.server, to: address.client });
  };
  while (!client.isEstablished() || !server.isEstablished()) turn();

  /** Bytes that are still to be sent of each stream. */
  const sending = new Map<number, number>();
  let begun = 0;
  let answered = 0;
  const startedMs = performance.now();
  while (answered < requests) {
    while (begun < requests && begun - answered < inFlight) sending.set(4 * begun++, 0);
    for (const [id, at] of sending) {
      const taken = client.streamSend(id, request.subarray(at), true) ?? 0;
      if (at + taken < requestBytes) sending.set(id, at + taken);
      else sending.delete(id);
    }
    turn();
    for (const id of server.readable()) if (readAll(server, id, chunk)) server.streamSend(id, reply, true);
    turn();
    for (const id of client.readable()) if (readAll(client, id, chunk)) answered++;
  }
  return (requestBytes * requests * 1000) / (performance.now() - startedMs);
}

/** Whether the stream has come to its end. */
function readAll(connection: Connection, id: number, chunk: Buffer): boolean {
  for (let read = connection.streamRecv(id, chunk); read !== null; read = connection.streamRecv(id, chunk)) if (read[1]) return true;
  return false;
}

function configured(config: Config): Config {
  return configureBare(config, datagramBytes, windowBytes, 1_000_000);
}
