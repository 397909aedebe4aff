// QUIC on the worker threads, as the control thread sees it: it opens one socket for each on the same address, keeps their certificates alike, and knows their connections.

import { randomBytes, X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import type { Addon } from '../addon/addon.ts';
import { type RateLimitedWarning, rateLimitedWarning } from '../observability/rate-limited-warning.ts';
import type { LiveCertificate } from '../transports/certificate-store.ts';
import type { Certificate } from '../transports/certificates.ts';
import { signInByCertificate } from '../transports/client-certificates.ts';
import { formatAddress, type Listener, type OpenConnection } from '../transports/listener.ts';
import { type QuicOptions, ticketKeyBytes } from '../transports/quic/quic-options.ts';
import { retrySecretBytes } from '../transports/quic/retry-token.ts';
import type { ControlServices } from '../transports/services.ts';
import type { QuicCertificate, QuicFromWorker, QuicToWorker } from './quic-messages.ts';
import type { WorkerLink } from './worker-link.ts';

export class QuicWorkers {
  readonly connections = new Set<OpenConnection>();
  readonly #links: readonly WorkerLink[];
  readonly #services: ControlServices;
  readonly #refusedProtocols: RateLimitedWarning;
  readonly #answers = new Map<WorkerLink, (answer: QuicFromWorker & { failure: string | undefined }) => void>();

  constructor(links: readonly WorkerLink[], services: ControlServices) {
    this.#links = links;
    this.#services = services;
    this.#refusedProtocols = rateLimitedWarning(services.log, () => services.clock.nowMs());
  }

  /** Opens the listener. Undefined: the workers cannot serve QUIC here. Rejects if the address cannot be bound or the certificate cannot be used. */
  async listen(addon: Addon, options: QuicOptions, certificate: LiveCertificate): Promise<Listener | undefined> {
    if (addon.openUdpGroup === undefined) return undefined;
    const { log } = this.#services;
    try {
      await this.#ask(() => ({ kind: 'load' }));
    } catch (error) {
      log.warn({ err: error }, 'worker threads cannot load the QUIC library; QUIC is served by the main thread');
      return undefined;
    }
    const { address: host } = await lookup(options.host);
    const { port, descriptors } = addon.openUdpGroup(host, options.port, options.udpBufferBytes, this.#links.length);
    const retrySecret = randomBytes(retrySecretBytes);
    const first = sealed(certificate.current);
    const sockets = await this.#ask((index) => ({
      kind: 'serve',
      serving: { ...first, options: { ...options, host }, descriptor: descriptors[index] as number, retrySecret },
    }));
    certificate.onChange((replacement) => {
      const next = sealed(replacement);
      for (const link of this.#links) link.post({ kind: 'quic', message: { kind: 'certificate', certificate: next } });
    });
    log.info({ socket: sockets[0], threads: sockets.length }, 'QUIC');
    let listening = true;
    return {
      address: formatAddress(host, port),
      connections: this.connections,
      get listening() {
        return listening;
      },
      stopAccepting: () => {
        listening = false;
        for (const link of this.#links) link.post({ kind: 'quic', message: { kind: 'stop-accepting' } });
      },
    };
  }

  take(link: WorkerLink, message: QuicFromWorker): void {
    switch (message.kind) {
      case 'loaded':
      case 'serving':
        this.#answers.get(link)?.(message);
        break;
      case 'certificate': {
        const client = link.clients.get(message.client);
        if (client === undefined) break;
        signInByCertificate(this.#services, client, new X509Certificate(message.certificate));
        link.post({ kind: 'quic', message: { kind: 'certified', client: client.id } });
        break;
      }
      case 'refused-protocol':
        this.#refusedProtocols.note(message.reason);
        break;
      case 'datagram': {
        const { bytes, from } = message;
        this.#links[message.worker]?.post({ kind: 'quic', message: { kind: 'datagram', bytes, from } }, [bytes.buffer]);
      }
    }
  }

  /** Asks every worker; resolves to how their sockets are when all have done it. Rejects if one could not. */
  #ask(question: (index: number) => QuicToWorker): Promise<string[]> {
    return Promise.all(
      this.#links.map(async (link, index) => {
        link.post({ kind: 'quic', message: question(index) });
        const answer = await new Promise<QuicFromWorker & { failure: string | undefined }>((resolve) => this.#answers.set(link, resolve));
        if (answer.failure !== undefined) throw new Error(answer.failure);
        return answer.kind === 'serving' ? answer.socket : '';
      }),
    );
  }
}

function sealed(certificate: Certificate): QuicCertificate {
  return { certificate, ticketKey: randomBytes(ticketKeyBytes) };
}
