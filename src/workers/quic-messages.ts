// What the control thread and a worker tell each other about QUIC, as part of their messages (messages.ts).

import type { Certificate } from '../transports/certificates.ts';
import type { QuicOptions } from '../transports/quic/quic-options.ts';

/** A certificate, and the key that seals what clients keep to resume their sessions on any worker. */
export interface QuicCertificate {
  certificate: Certificate;
  ticketKey: Uint8Array;
}

export interface QuicServing extends QuicCertificate {
  options: QuicOptions;
  /** Of the worker's socket, which is its own from now on. */
  descriptor: number;
  retrySecret: Uint8Array;
}

export type QuicToWorker =
  /** Load the library; `loaded` follows. */
  | { kind: 'load' }
  /** `serving` follows. */
  | { kind: 'serve'; serving: QuicServing }
  | { kind: 'certificate'; certificate: QuicCertificate }
  /** What a client's certificate stands for has been told. */
  | { kind: 'certified'; client: number }
  | { kind: 'datagram'; bytes: Uint8Array<ArrayBuffer>; from: string }
  | { kind: 'stop-accepting' };

export type QuicFromWorker =
  /** `failure`: why it could not. */
  | { kind: 'loaded'; failure: string | undefined }
  | { kind: 'serving'; failure: string | undefined; socket: string }
  /** The verified certificate of a client, DER; nothing of the client is handled before `certified`. */
  | { kind: 'certificate'; client: number; certificate: Uint8Array<ArrayBuffer> }
  /** A client offered no application protocol that is spoken here. */
  | { kind: 'refused-protocol'; reason: string }
  /** Is another worker's. */
  | { kind: 'datagram'; worker: number; bytes: Uint8Array<ArrayBuffer>; from: string };
