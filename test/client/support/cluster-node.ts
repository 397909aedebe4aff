// A node of a cluster that exists on paper: passes everything on to a real server, but answers GetClusterMetadata with a roster of its own.

import { once } from 'node:events';
import net from 'node:net';
import { type ClusterMetadata, getClusterMetadata } from '../../../src/protocol/commands/get-cluster-metadata.ts';
import { classicHeaderBytes } from '../../../src/protocol/frame/classic.ts';
import { frameBytes, requestCode, requestOperation, vsrHeaderBytes, writeReplyHeader } from '../../../src/protocol/frame/vsr.ts';
import { Operation } from '../../../src/protocol/operations.ts';
import { Writer } from '../../../src/protocol/writer.ts';

export interface ClusterNode {
  readonly port: number;
  readonly address: string;
  /** How often the roster was asked for. */
  readonly asked: number;
  roster: ClusterMetadata;
  close(): Promise<void>;
}

export async function startClusterNode(target: string): Promise<ClusterNode> {
  const at = target.lastIndexOf(':');
  const sockets = new Set<net.Socket>();
  let asked = 0;
  const listener = net.createServer((client) => {
    const server = net.connect(Number(target.slice(at + 1)), target.slice(0, at));
    let left = Buffer.alloc(0);
    client.on('data', (chunk: Buffer) => {
      left = Buffer.concat([left, chunk]);
      for (let frame = firstFrame(left); frame !== undefined; frame = firstFrame(left)) {
        left = left.subarray(frame.length);
        if (!asksForRoster(frame)) server.write(frame);
        else {
          asked++;
          client.write(reply(frame, node.roster));
        }
      }
    });
    server.on('data', (chunk) => client.write(chunk));
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as net.AddressInfo;
  const node: ClusterNode = {
    port,
    address: `127.0.0.1:${port}`,
    get asked() {
      return asked;
    },
    roster: { name: 'paper', nodes: [] },
    async close() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
  return node;
}

function isVsr(frame: Buffer): boolean {
  return frame.readUInt32LE(0) === 0;
}

function firstFrame(bytes: Buffer): Buffer | undefined {
  if (bytes.length < classicHeaderBytes) return undefined;
  if (isVsr(bytes) && bytes.length < vsrHeaderBytes) return undefined;
  const length = isVsr(bytes) ? frameBytes(bytes, 0) : 4 + bytes.readUInt32LE(0);
  return bytes.length < length ? undefined : bytes.subarray(0, length);
}

function asksForRoster(frame: Buffer): boolean {
  if (!isVsr(frame)) return frame.readUInt32LE(4) === getClusterMetadata.code;
  return requestOperation(frame, 0) === Operation.nonReplicated && requestCode(frame, 0) === getClusterMetadata.code;
}

function reply(request: Buffer, roster: ClusterMetadata): Buffer {
  const writer = new Writer();
  getClusterMetadata.encodeReply(writer, roster, isVsr(request) ? 'vsr' : 'classic');
  const body = writer.written;
  const header = Buffer.alloc(isVsr(request) ? vsrHeaderBytes : 8);
  if (isVsr(request)) writeReplyHeader(header, 0, request, 0, Operation.nonReplicated, 0, body.length);
  else header.writeUInt32LE(body.length, 4);
  return Buffer.concat([header, body]);
}
