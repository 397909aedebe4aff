// A client whose connection a worker serves, as the control thread has it. Whoever changes its login here, its own request or another's, has thereby told the worker.

import type { Generation } from '../protocol/command.ts';
import type { ClientRecord, Membership, TransportName } from '../streaming/clients.ts';
import type { SendWindows } from '../streaming/send-windows.ts';
import type { OpenConnection } from '../transports/listener.ts';
import type { LoginState } from './messages.ts';
import type { WorkerLink } from './worker-link.ts';

export class RemoteClient implements ClientRecord, OpenConnection {
  readonly id: number;
  readonly transport: TransportName;
  readonly address: string;
  readonly memberships = new Set<Membership>();
  certificateUser: string | undefined;
  readonly tellStale: (clientId: bigint | undefined) => void;
  readonly #ended: () => void;
  generation: Generation | undefined;
  lastSeenMs: number;
  presentedClientId = 0n;
  session: ClientRecord['session'];
  #link: WorkerLink;
  readonly #windows: SendWindows;
  #userId: number | undefined;
  #gone = false;

  constructor(
    link: WorkerLink,
    windows: SendWindows,
    connection: { id: number; transport: TransportName; address: string; nowMs: number },
    ended: () => void,
  ) {
    this.#link = link;
    this.#windows = windows;
    this.id = connection.id;
    this.transport = connection.transport;
    this.address = connection.address;
    this.lastSeenMs = connection.nowMs;
    this.#ended = ended;
    this.tellStale = (clientId) => this.#link.post({ kind: 'stale', client: this.id, clientId });
  }

  get userId(): number | undefined {
    return this.#userId;
  }

  /** To be set after `session`. */
  set userId(userId: number | undefined) {
    const before = this.#userId;
    this.#userId = userId;
    if (this.#gone) return;
    // A login that the worker does not know of yet keeps no request from being answered rightly; one that it goes on believing in would.
    if (before !== undefined) this.#tell(true);
    else if (userId !== undefined) this.#tell(false);
  }

  /** The worker gave the window back because the login might change, and it did not. */
  lendAgain(): void {
    if (this.session !== undefined && !this.#windows.isLent(this.session.sends)) this.#tell(false);
  }

  /** Another worker serves it from now on. Returns what that one must know of its login. */
  movedTo(link: WorkerLink): LoginState | undefined {
    this.#link = link;
    return this.#userId === undefined ? undefined : this.#login();
  }

  /** The connection has ended: the worker wants to hear nothing more of it. */
  gone(): void {
    this.#gone = true;
    this.#ended();
  }

  stalled(): boolean {
    // The worker looks after that.
    return false;
  }

  stop(): void {
    this.#link.stopConnections();
  }

  destroy(): void {
    this.#link.destroyConnections();
  }

  #tell(atOnce: boolean): void {
    this.#link.post({ kind: 'login', epoch: atOnce ? this.#link.raiseEpoch() : undefined, login: this.#login() });
  }

  #login(): LoginState {
    return { client: this.id, userId: this.#userId, session: this.#lend() };
  }

  #lend(): LoginState['session'] {
    if (this.session === undefined) return undefined;
    const { clientId, number, sends } = this.session;
    return { clientId, number, key: sends.key, window: this.#windows.lend(sends, this.#link) };
  }
}
