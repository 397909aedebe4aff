// Connections of a worker on their way to another thread: held until nothing of theirs is under way, then handed over as a second descriptor of the socket.

import type { Addon } from '../addon/addon.ts';
import type { ClientRecord } from '../streaming/clients.ts';
import type { MovingConnection } from '../transports/moving-connection.ts';
import type { DescriptorConnection } from '../transports/tcp-connection.ts';

const lookEveryMs = 1;
/** A connection that is still busy then stays: its peer would notice the wait. */
const heldMsMax = 100;

export interface Departure {
  client: ClientRecord;
  descriptor: number;
  moving: MovingConnection;
}

export class Departures {
  readonly #addon: Addon;
  readonly #byClient = new Map<ClientRecord, DescriptorConnection>();
  readonly #leaving = new Set<ClientRecord>();

  constructor(addon: Addon) {
    this.#addon = addon;
  }

  connected(client: ClientRecord, connection: DescriptorConnection): void {
    this.#byClient.set(client, connection);
  }

  disconnected(client: ClientRecord): void {
    this.#byClient.delete(client);
  }

  /** `left` is called when the connection has left, at once or soon; never if it ends before, or is too busy. */
  begin(client: ClientRecord, left: (departure: Departure) => void): void {
    const served = this.#byClient.get(client);
    if (served === undefined || this.#leaving.has(client)) return;
    this.#leaving.add(client);
    served.connection.hold(true);
    const startedMs = performance.now();
    const look = (): void => {
      const departure = this.#leave(client, served);
      if (departure !== undefined || served.connection.closed) this.#leaving.delete(client);
      if (departure !== undefined) left(departure);
      else if (!served.connection.closed) this.#lookAgain(client, served, startedMs, look);
    };
    look();
  }

  #lookAgain(client: ClientRecord, { connection }: DescriptorConnection, startedMs: number, look: () => void): void {
    if (performance.now() - startedMs < heldMsMax) {
      setTimeout(look, lookEveryMs);
      return;
    }
    this.#leaving.delete(client);
    connection.hold(false);
  }

  #leave(client: ClientRecord, { connection, descriptor }: DescriptorConnection): Departure | undefined {
    const own = descriptor();
    if (own === undefined || !connection.canLeave()) return undefined;
    const duplicate = this.#duplicate(own);
    if (duplicate === undefined) return undefined;
    this.#byClient.delete(client);
    const moving = connection.leave();
    // Closes this descriptor; the socket is open as long as it has another.
    connection.destroy();
    return { client, descriptor: duplicate, moving };
  }

  /** Undefined: the process has as many descriptors as it may. */
  #duplicate(descriptor: number): number | undefined {
    try {
      return this.#addon.duplicateDescriptor(descriptor);
    } catch {
      return undefined;
    }
  }
}
