// A QUIC server that demands client certificates, and does nothing else: it completes handshakes and remembers who came.

import { randomBytes, X509Certificate } from 'node:crypto';
import dgram from 'node:dgram';
import quiche from '@matrixai/quic/native/quiche.js';
import type { Connection } from '@matrixai/quic/native/types.js';
import type { PemPair } from './certificates.ts';

export interface QuicHandshakes {
  readonly port: number;
  /** Of the certificates that were shown and accepted. */
  readonly subjects: readonly string[];
  close(): void;
}

/** `clientCa`: what signs the certificates of clients. */
export async function startQuicHandshakes(own: PemPair, clientCa: string): Promise<QuicHandshakes> {
  const config = quiche.Config.withBoringSslCtx(
    true,
    false,
    Buffer.from(clientCa),
    [Buffer.from(own.key)],
    [Buffer.from(own.certificate)],
    undefined,
  );
  config.setApplicationProtos(['iggy']);
  config.setMaxIdleTimeout(5000);
  config.setInitialMaxData(100_000);
  config.setInitialMaxStreamDataBidiRemote(100_000);
  config.setInitialMaxStreamsBidi(10);
  const socket = dgram.createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const local = { host: '127.0.0.1', port: socket.address().port };
  const connections = new Map<string, Connection>();
  const subjects = new Set<string>();

  socket.on('message', (bytes, from) => {
    const peer = { host: from.address, port: from.port };
    const key = `${from.address}:${from.port}`;
    let connection = connections.get(key);
    if (connection === undefined) {
      connection = quiche.Connection.accept(randomBytes(16), undefined, local, peer, config);
      connections.set(key, connection);
    }
    try {
      connection.recv(bytes, { from: peer, to: local });
    } catch {
      // The alert below tells the client.
    }
    const [shown] = (connection.isEstablished() && connection.peerCertChain()) || [];
    if (shown) subjects.add(new X509Certificate(shown).subject);
    for (;;) {
      const packet = Buffer.alloc(1350);
      const sent = connection.send(packet);
      if (sent === null) break;
      socket.send(packet.subarray(0, sent[0]), peer.port, peer.host);
    }
  });

  return {
    port: local.port,
    get subjects() {
      return [...subjects];
    },
    close: () => socket.close(),
  };
}
