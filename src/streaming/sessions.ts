// Sessions of VSR clients: a number for each login, bound to a client id of the client's choice.

import { type ClientRecord, leaveAllGroups } from './clients.ts';

export class Sessions {
  readonly #byClientId = new Map<bigint, ClientRecord>();
  #lastNumber = 0n;

  /**
   * Binds a client id to a connection and gives the session's number, rising over the server's life. A connection that held the id before loses its login.
   * Undefined if the id belongs to another user.
   */
  open(client: ClientRecord, clientId: bigint, userId: number): bigint | undefined {
    const holder = this.#byClientId.get(clientId);
    if (holder !== undefined && holder !== client) {
      if (holder.userId !== userId) return undefined;
      this.close(holder);
    }
    if (client.session !== undefined) this.#byClientId.delete(client.session.clientId);
    const number = ++this.#lastNumber;
    client.session = { clientId, number };
    client.userId = userId;
    this.#byClientId.set(clientId, client);
    return number;
  }

  /** Ends a login: the connection is anonymous again and in no group. */
  close(client: ClientRecord): void {
    if (client.session !== undefined && this.#byClientId.get(client.session.clientId) === client) {
      this.#byClientId.delete(client.session.clientId);
    }
    client.session = undefined;
    client.userId = undefined;
    leaveAllGroups(client);
  }
}
