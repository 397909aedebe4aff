// Sessions of VSR clients: a number for each login, bound to a client id of the client's choice.

import { type ClientRecord, leaveAllGroups } from './clients.ts';
import type { SendWindows } from './send-windows.ts';

export class Sessions {
  readonly #byClientId = new Map<bigint, ClientRecord>();
  readonly #sendWindows: SendWindows;
  readonly #onLoginEnded: (client: ClientRecord) => void;
  #lastNumber = 0n;

  /** `onLoginEnded` is called when a connection's login is over, or another one took its place. */
  constructor(sendWindows: SendWindows, onLoginEnded: (client: ClientRecord) => void) {
    this.#sendWindows = sendWindows;
    this.#onLoginEnded = onLoginEnded;
  }

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
    if (client.session !== undefined) {
      this.#byClientId.delete(client.session.clientId);
      this.#sendWindows.leave(client.session.sends);
    }
    const number = ++this.#lastNumber;
    client.session = { clientId, number, sends: this.#sendWindows.enter(clientId, userId) };
    client.userId = userId;
    this.#byClientId.set(clientId, client);
    this.#onLoginEnded(client);
    return number;
  }

  /**
   * Before `open`: ends the login of another connection of the user that holds the id while its send window is on loan, since the window must be here. Resolves when it is worth
   * looking again; undefined: nothing is in the way.
   */
  free(client: ClientRecord, clientId: bigint, userId: number): Promise<void> | undefined {
    const home = this.#sendWindows.home(clientId, userId);
    const holder = this.#byClientId.get(clientId);
    if (home !== undefined && holder !== undefined && holder !== client && holder.userId === userId) this.close(holder);
    return home;
  }

  /** Ends a login: the connection is anonymous again and in no group. */
  close(client: ClientRecord): void {
    const { session } = client;
    if (session !== undefined && this.#byClientId.get(session.clientId) === client) {
      this.#byClientId.delete(session.clientId);
      this.#sendWindows.leave(session.sends);
    }
    client.session = undefined;
    client.userId = undefined;
    leaveAllGroups(client);
    this.#onLoginEnded(client);
  }

  /** As close, by the client's own wish: what it sent is not remembered any longer. */
  logout(client: ClientRecord): void {
    const { session } = client;
    this.close(client);
    if (session !== undefined) this.#sendWindows.drop(session.sends);
  }
}
