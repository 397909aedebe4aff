// The server inside a Node program. The server and what it needs are loaded by `start`: a program that only imports the client does not pay for them.

import { type Client, connectOver } from './client/client.ts';
import { type ClientOptions, resolveSettings } from './client/connection/options.ts';
import type { Transport } from './client/transport/transport.ts';
import type { EmbeddedServer } from './embedded.ts';
import type { GalgoOptions } from './galgo-options.ts';

/** Options of a client without a socket. Without credentials it is the root user. */
export type InProcessClientOptions = Omit<ClientOptions, 'transport' | 'host' | 'port' | 'tls' | 'websocket' | 'quic' | 'noDelay'>;

/** A server in this process. */
export class Galgo {
  readonly #embedded: EmbeddedServer;
  readonly #clients = new Set<Client>();
  #closing: Promise<void> | undefined;

  private constructor(embedded: EmbeddedServer) {
    this.#embedded = embedded;
  }

  /**
   * Starts a server in this process. Rejects if a setting makes no sense (code GALGO_CONFIGURATION), if the folder holds something else (GALGO_DATA_FOLDER) or is in use, by this
   * process or another (DATA_FOLDER_IN_USE), or if an address cannot be bound.
   */
  static async start(options: GalgoOptions = {}): Promise<Galgo> {
    const { startEmbedded } = await import('./embedded.ts');
    return new Galgo(await startEmbedded(options));
  }

  /** The data folder, absolute. */
  get path(): string {
    return this.#embedded.path;
  }

  /** Where the listeners that are on can be dialled, `host:port`. */
  get addresses(): Readonly<Record<string, string | undefined>> {
    return this.#embedded.server.addresses;
  }

  /** Password of the root user, if this start made both. */
  get rootPassword(): string | undefined {
    return this.#embedded.server.rootPasswordGenerated;
  }

  /** A client that needs no socket. Without credentials it is the root user; with them it logs in as everywhere. `close` drains it, if nobody did before. `signal` ends only the login. */
  async connect(options: InProcessClientOptions & { signal?: AbortSignal } = {}): Promise<Client> {
    if (this.#closing !== undefined) throw new Error('the server is closed');
    const { signal, ...given } = options;
    const { server } = this.#embedded;
    const trusted = given.username === undefined && given.token === undefined;
    const root = trusted ? server.rootUsername() : undefined;
    // The password is not looked at.
    const settings = resolveSettings(root === undefined ? given : { ...given, username: root, password: 'in-process' });
    const client = await connectOver(inProcessTransport(server, root), settings, signal);
    this.#clients.add(client);
    client.once('closed', () => this.#clients.delete(client));
    return client;
  }

  /** Drains the clients that were handed out, stops the server, and removes a temporary folder. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await Promise.allSettled([...this.#clients].map((client) => client.drain()));
    await this.#embedded.stop();
  }
}

function inProcessTransport(server: EmbeddedServer['server'], username: string | undefined): Transport {
  return {
    ordered: true,
    async open(events, signal) {
      signal.throwIfAborted();
      const link = server.openInProcess({ received: (bytes) => events.received(bytes), closed: () => events.closed(undefined) }, username);
      return {
        send(_number, header, body) {
          link.send(header);
          link.send(body);
        },
        destroy: () => link.destroy(),
      };
    },
  };
}
