// Connections that are open, logged in or not: what GetMe and GetClients show, and what must be undone when one ends.

import type { Generation } from '../protocol/command.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import type { SendWindow } from './send-window.ts';
import { singleThread, type ThreadSharing } from './thread-sharing.ts';
import type { Topic } from './topic.ts';

export type TransportName = 'tcp' | 'quic' | 'websocket' | 'http' | 'in-process';

/** A group that a client is a member of. */
export interface Membership {
  readonly topic: Topic;
  readonly group: ConsumerGroup;
}

export interface ClientRecord {
  /** Unique among the connections of this server's life, from 1. */
  readonly id: number;
  readonly transport: TransportName;
  /** `ip:port` of the peer. */
  readonly address: string;
  /** Undefined until the first request. */
  generation: Generation | undefined;
  /** Undefined until a login succeeds. */
  userId: number | undefined;
  /** Name of the user that the connection's certificate stands for. */
  certificateUser: string | undefined;
  /** Time of the last request, milliseconds since 1970. */
  lastSeenMs: number;
  readonly memberships: Set<Membership>;
  /** VSR: the client id in the header of the login at hand. */
  presentedClientId: bigint;
  /** VSR: set by a login. */
  session: { readonly clientId: bigint; readonly number: bigint; readonly sends: SendWindow } | undefined;
  /** Tells the peer that its login ended because it was silent. `clientId` is that of the session that it had. Set by the transport, if it has a way to say so. */
  tellStale: ((clientId: bigint | undefined) => void) | undefined;
}

export class Clients {
  readonly #byId = new Map<number, ClientRecord>();
  readonly #sharing: Pick<ThreadSharing, 'nextClientId'>;

  constructor(sharing: Pick<ThreadSharing, 'nextClientId'> = singleThread()) {
    this.#sharing = sharing;
  }

  get size(): number {
    return this.#byId.size;
  }

  connect(transport: TransportName, address: string, nowMs: number): ClientRecord {
    const client = newClient(this.freeId(), transport, address, nowMs);
    this.add(client);
    return client;
  }

  /** A number that no connection has. */
  freeId(): number {
    for (;;) {
      const id = this.#sharing.nextClientId();
      if (!this.#byId.has(id)) return id;
    }
  }

  add(client: ClientRecord): void {
    this.#byId.set(client.id, client);
  }

  disconnect(client: ClientRecord): void {
    leaveAllGroups(client);
    this.#byId.delete(client.id);
  }

  get(id: number): ClientRecord | undefined {
    return this.#byId.get(id);
  }

  /** In the order of their connecting. */
  list(): ClientRecord[] {
    return [...this.#byId.values()];
  }
}

export function newClient(id: number, transport: TransportName, address: string, nowMs: number): ClientRecord {
  return {
    id,
    transport,
    address,
    generation: undefined,
    userId: undefined,
    certificateUser: undefined,
    lastSeenMs: nowMs,
    memberships: new Set(),
    presentedClientId: 0n,
    session: undefined,
    tellStale: undefined,
  };
}

export function leaveAllGroups(client: ClientRecord): void {
  for (const { group } of client.memberships) group.leave(client.id);
  client.memberships.clear();
}

/** A group is gone: its members are no longer told that they are in it. */
export function forgetGroup(clients: Clients, group: ConsumerGroup): void {
  for (const { clientId } of group.members()) {
    const client = clients.get(clientId);
    for (const membership of client?.memberships ?? []) {
      if (membership.group === group) client?.memberships.delete(membership);
    }
  }
}
