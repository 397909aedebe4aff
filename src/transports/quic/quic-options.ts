// What the server's settings say about QUIC, and the library's configuration made from it.

import type { Config, Quiche } from '../../quic/quiche.ts';
import type { Certificate } from '../certificates.ts';
import type { ClientCertificates } from '../tls-server.ts';

export interface QuicOptions {
  host: string;
  port: number;
  /** `auto` uses the addon's socket where it can be had. */
  udpSocket: 'auto' | 'portable';
  udpBufferBytes: number;
  handshakeTimeoutMs: number;
  maxIdleTimeoutMs: number;
  /** 0: no pings. */
  keepAliveMs: number;
  /** Requests that a connection may have open. */
  streamsMax: number;
  /** Largest window of a connection and of a stream, for what the peer sends. */
  receiveWindowBytes: number;
  streamReceiveWindowBytes: number;
  /** Most bytes that leave before the peer shows a sign of life. */
  sendWindowBytes: number;
  /** Longest datagram that is sent. */
  datagramBytes: number;
  congestionControl: 'cubic' | 'reno' | 'bbr';
  /** Whether clients are asked for certificates. */
  clientCertificates: ClientCertificates;
}

/** `iggy` is ours; `quic` is what libraries offer that do not care. */
const applicationProtocols = ['iggy', 'quic'];

/** Windows that a connection starts with. They are what a peer that has not logged in can make us keep. */
const firstWindowBytes = 1024 * 1024;

/** What seals sessions that clients may resume. */
export const ticketKeyBytes = 48;

// One path, and one more id for a peer that changes its own.
const connectionIdsMax = 2;

export function firstWindow(options: QuicOptions): number {
  return Math.min(firstWindowBytes, options.receiveWindowBytes);
}

/** `ticketKey` seals what clients keep to resume a session, of `ticketKeyBytes`. Throws if the certificate or its key cannot be used. */
export function quicheConfig(quiche: Quiche, options: QuicOptions, certificate: Certificate, ticketKey: Uint8Array): Config {
  const asksClients = options.clientCertificates !== 'off';
  const config = quiche.Config.withBoringSslCtx(
    asksClients,
    false,
    asksClients && certificate.clientCa !== undefined ? Buffer.from(certificate.clientCa) : undefined,
    [Buffer.from(certificate.key)],
    [Buffer.from(certificate.certificate)],
    undefined,
  );
  // The context demands a certificate of every client; this takes the demand back and leaves the verification.
  if (options.clientCertificates === 'optional') config.verifyPeer(true);
  config.setApplicationProtos(applicationProtocols);
  config.setTicketKey(ticketKey);
  config.grease(true);
  config.setMaxIdleTimeout(options.maxIdleTimeoutMs);
  config.setMaxRecvUdpPayloadSize(65_527);
  config.setMaxSendUdpPayloadSize(options.datagramBytes);
  config.setInitialMaxData(firstWindow(options));
  config.setInitialMaxStreamDataBidiRemote(Math.min(firstWindowBytes, options.streamReceiveWindowBytes));
  config.setInitialMaxStreamDataBidiLocal(0);
  config.setInitialMaxStreamDataUni(0);
  config.setInitialMaxStreamsBidi(options.streamsMax);
  config.setInitialMaxStreamsUni(0);
  config.setMaxConnectionWindow(options.receiveWindowBytes);
  config.setMaxStreamWindow(options.streamReceiveWindowBytes);
  config.setActiveConnectionIdLimit(connectionIdsMax);
  config.setDisableActiveMigration(true);
  config.enableDgram(false, 0, 0);
  config.setCcAlgorithmName(options.congestionControl);
  // Pacing leaves it to the application to send late, which a loop that serves many connections cannot do well.
  config.enablePacing(false);
  return config;
}
