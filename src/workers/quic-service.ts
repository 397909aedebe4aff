// QUIC as a worker serves it: an endpoint on its socket of the group that all workers share, with a copy of the library for itself.

import { loadAddon } from '../addon/addon.ts';
import { adoptNativeUdp } from '../quic/native-udp.ts';
import { loadOwnQuiche } from '../quic/own-quiche.ts';
import type { Config, Quiche } from '../quic/quiche.ts';
import type { ClientRecord } from '../streaming/clients.ts';
import type { OpenConnection } from '../transports/listener.ts';
import { Endpoint } from '../transports/quic/endpoint.ts';
import type { EndpointShare } from '../transports/quic/endpoint-share.ts';
import { quicheConfig } from '../transports/quic/quic-options.ts';
import type { TransportServices } from '../transports/services.ts';
import type { QuicCertificate, QuicFromWorker, QuicServing, QuicToWorker } from './quic-messages.ts';
import type { SharedMemory } from './shared-memory.ts';
import type { ViewGate } from './view-gate.ts';
import type { WorkerClients } from './worker-clients.ts';

export interface QuicServiceParts {
  /** The worker's, and how many there are. */
  readonly number: number;
  readonly workers: number;
  readonly memory: SharedMemory;
  readonly services: TransportServices;
  readonly gate: ViewGate;
  readonly clients: WorkerClients;
  readonly post: (message: QuicFromWorker) => void;
}

// Datagrams for others are few unless somebody makes them: so many are passed on within such a time, the network may lose the others.
const handedOverMax = 1024;
const handedOverWithinMs = 100;

export class QuicService {
  readonly #parts: QuicServiceParts;
  #quiche: Quiche | undefined;
  #endpoint: Endpoint | undefined;
  #serving: QuicServing | undefined;
  #handedOver = 0;
  #handedOverSinceMs = 0;

  constructor(parts: QuicServiceParts) {
    this.#parts = parts;
  }

  get connections(): Iterable<OpenConnection> {
    return this.#endpoint?.connections ?? [];
  }

  take(message: QuicToWorker): void {
    const { post } = this.#parts;
    switch (message.kind) {
      case 'load':
        post({ kind: 'loaded', failure: failureOf(() => this.#load()) });
        break;
      case 'serve': {
        let socket = '';
        const failure = failureOf(() => {
          socket = this.#serve(message.serving);
        });
        post({ kind: 'serving', failure, socket });
        break;
      }
      case 'certificate':
        this.#replaceCertificate(message.certificate);
        break;
      case 'certified': {
        const client = this.#parts.clients.get(message.client);
        if (client !== undefined) this.#parts.gate.release(client);
        break;
      }
      case 'datagram':
        this.#endpoint?.datagram(Buffer.from(message.bytes.buffer), message.from);
        this.#endpoint?.turnEnded();
        break;
      case 'stop-accepting':
        this.stop();
    }
  }

  /** Takes no new connections. What those that were destroyed have to say has been sent when it returns. */
  stop(): void {
    this.#endpoint?.stop();
  }

  #load(): void {
    const { copyLibrary } = loadAddon();
    if (copyLibrary === undefined) throw new Error('the addon cannot copy libraries here');
    this.#quiche = loadOwnQuiche(copyLibrary);
  }

  /** Returns what the socket is like. */
  #serve(serving: QuicServing): string {
    const { services, post } = this.#parts;
    const { adoptUdp } = loadAddon();
    if (adoptUdp === undefined) throw new Error('the addon has no sockets here');
    this.#serving = serving;
    const signIn = (client: ClientRecord, certificate: Uint8Array) => this.#signIn(client, certificate);
    const endpoint = new Endpoint(this.#library, serving.options, this.#config(serving), services, {
      refusedProtocols: { note: (reason) => post({ kind: 'refused-protocol', reason }) },
      signIn,
      share: this.#share(serving),
    });
    const socket = adoptNativeUdp(adoptUdp, serving.descriptor, serving.options.host, endpoint);
    endpoint.attach(socket);
    this.#endpoint = endpoint;
    return socket.description;
  }

  #replaceCertificate(certificate: QuicCertificate): void {
    const serving = { ...(this.#serving as QuicServing), ...certificate };
    const failure = failureOf(() => this.#endpoint?.useConfig(this.#config(serving)));
    if (failure !== undefined) this.#parts.services.log.error({ reason: failure }, 'a worker does not take the new certificate');
  }

  get #library(): Quiche {
    if (this.#quiche === undefined) throw new Error('the QUIC library is not loaded');
    return this.#quiche;
  }

  #config({ options, certificate, ticketKey }: QuicServing): Config {
    return quicheConfig(this.#library, options, certificate, ticketKey);
  }

  #share({ retrySecret }: QuicServing): EndpointShare {
    const { number, workers, memory } = this.#parts;
    return {
      endpoints: workers,
      number,
      retrySecret,
      keepsSocket: true,
      hold: (connections) => memory.holdQuic(number, connections),
      next: () => memory.fewestQuic(workers),
      handOver: (worker, bytes, from) => this.#handOver(worker, bytes, from),
    };
  }

  #handOver(worker: number, bytes: Uint8Array, from: string): void {
    const nowMs = performance.now();
    if (nowMs - this.#handedOverSinceMs > handedOverWithinMs) {
      this.#handedOverSinceMs = nowMs;
      this.#handedOver = 0;
    }
    if (++this.#handedOver <= handedOverMax) this.#parts.post({ kind: 'datagram', worker, bytes: Uint8Array.from(bytes), from });
  }

  /** Users are the control thread's to know. */
  #signIn(client: ClientRecord, certificate: Uint8Array): void {
    this.#parts.gate.hold(client);
    this.#parts.post({ kind: 'certificate', client: client.id, certificate: Uint8Array.from(certificate) });
  }
}

function failureOf(action: () => void): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return String(error);
  }
}
