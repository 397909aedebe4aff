// The clients that a worker serves, with their logins as the control thread tells them.

import { type ClientRecord, newClient, type TransportName } from '../streaming/clients.ts';
import type { Clock } from '../streaming/clock.ts';
import { applyLateSend, type LateSend } from '../streaming/send-windows.ts';
import { BorrowedWindow, type WindowLender } from './borrowed-window.ts';
import type { LoginState } from './messages.ts';
import type { WorkerView } from './worker-view.ts';

export class WorkerClients {
  readonly #view: WorkerView;
  readonly #lender: WindowLender;
  readonly #clock: Clock;
  readonly #byId = new Map<number, ClientRecord>();
  readonly #windows = new Map<bigint, BorrowedWindow>();
  #lookedMs = 0;

  constructor(view: WorkerView, lender: WindowLender, clock: Clock) {
    this.#view = view;
    this.#lender = lender;
    this.#clock = clock;
  }

  connect(id: number, transport: TransportName, address: string): ClientRecord {
    const client = newClient(id, transport, address, this.#clock.nowMs());
    this.#byId.set(id, client);
    return client;
  }

  get(id: number): ClientRecord | undefined {
    return this.#byId.get(id);
  }

  /** The connection has ended, or is another worker's from now on. */
  disconnect(client: ClientRecord): void {
    this.giveBackWindow(client);
    this.#byId.delete(client.id);
  }

  /** To be called before anything that may end the client's session, while none of its requests are handled: it has none until the next `login`. */
  giveBackWindow(client: ClientRecord): void {
    if (client.session === undefined) return;
    (client.session.sends as BorrowedWindow).giveBack();
    this.#windows.delete(client.session.sends.key);
    client.session = undefined;
  }

  login({ client: id, userId, session }: LoginState): void {
    const client = this.#byId.get(id);
    if (client === undefined) {
      // The connection ended meanwhile.
      if (session !== undefined) this.#lender.giveBack(session.key, session.window);
      return;
    }
    this.giveBackWindow(client);
    client.userId = userId;
    if (session === undefined) return;
    const sends = new BorrowedWindow(session.key, this.#lender);
    sends.load(session.window, (key) => this.#view.topicOf(key));
    this.#windows.set(session.key, sends);
    client.session = { clientId: session.clientId, number: session.number, sends };
  }

  /** A send that was under way elsewhere when its window came here. */
  sent(send: LateSend): void {
    const window = this.#windows.get(send.key);
    if (window !== undefined) applyLateSend(window, send, (key) => this.#view.topicOf(key));
    else this.#lender.sent(send);
  }

  /** Those that asked for something since the last call. */
  takeSeen(): ClientRecord[] {
    const sinceMs = this.#lookedMs;
    this.#lookedMs = this.#clock.nowMs();
    return [...this.#byId.values()].filter(({ lastSeenMs }) => lastSeenMs >= sinceMs);
  }
}
