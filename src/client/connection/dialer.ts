// Finds a session: with the right server, in the generation that it speaks.
//
// Where the generation is not known, VSR comes first; an answer that cannot be VSR, or an end without a word, is followed by one attempt in classic, and what worked holds. In a
// cluster the session is one with the leader.

import type { Generation } from '../../protocol/command.ts';
import { getClusterMetadata } from '../../protocol/commands/get-cluster-metadata.ts';
import { joinSignals } from '../transport/joined-signal.ts';
import type { ServerAddress, Transport } from '../transport/transport.ts';
import type { Call } from './call.ts';
import { createClassicWire } from './classic-wire.ts';
import { AuthenticationError, ClientError, ConnectionError } from './errors.ts';
import { leaderOf } from './leader.ts';
import type { Settings } from './options.ts';
import { otherGenerationCode, Session, unheardCode } from './session.ts';
import { sleep } from './timers.ts';
import { createVsrIdentity, createVsrWire } from './vsr-wire.ts';

export interface DialerEvents {
  /** There is room for further requests. */
  ready(): void;
  /** The server asks for this request again, a little later. */
  again(call: Call): void;
  /** A session is over. `unanswered` are those that the server may have carried out. */
  ended(session: Session | undefined, error: ClientError, unanswered: readonly Call[]): void;
}

/** Replies of classic servers have no limit on the wire; this one is the largest legal poll of one message with room to spare. */
const classicReplyBytesMax = 1024 * 1024 * 1024;
const logoutTimeoutMs = 1000;
const redirectsMax = 3;
const leaderAnswerTimeoutMs = 5000;
const leaderPollMs = 250;

export class Dialer {
  readonly #settings: Settings;
  readonly #events: DialerEvents;
  readonly #identity = createVsrIdentity();
  readonly #home: Transport;
  /** Leads to the last leader; at first, and where there is none, it is `#home`. */
  #transport: Transport;
  #generation: Generation | undefined;

  constructor(settings: Settings, transport: Transport, events: DialerEvents) {
    this.#settings = settings;
    this.#home = transport;
    this.#transport = transport;
    this.#events = events;
    if (settings.generation !== 'auto') this.#generation = settings.generation;
  }

  /** Undefined: not known before the first session. */
  get generation(): Generation | undefined {
    return this.#generation;
  }

  /** Of the last session. Undefined: the transport has no addresses. */
  get address(): ServerAddress | undefined {
    return this.#transport.address;
  }

  /** Begins where the last leader was, or where the user said; from there the servers lead on. Rejects with ClientError, and when the signal aborts. */
  async open(signal: AbortSignal): Promise<Session> {
    let session = await this.#logIn(this.#transport, signal).catch((error) => {
      if (this.#transport === this.#home || signal.aborted) throw error;
      this.#transport = this.#home;
      return this.#logIn(this.#home, signal);
    });
    for (let redirects = 0; redirects < redirectsMax; redirects++) {
      const leader = await this.#findLeader(session, signal);
      if (leader === undefined) break;
      const next = await this.#logIn(leader, signal).catch(() => undefined);
      // A leader that cannot be reached leaves the client where it is.
      if (next === undefined) break;
      this.#transport = leader;
      await session.close(logoutTimeoutMs);
      session = next;
    }
    if (signal.aborted) session.destroy(new ConnectionError('cannot-connect', 'aborted', { cause: signal.reason }));
    if (session.end !== undefined) throw session.end;
    this.#generation = session.generation;
    return session;
  }

  /** Undefined: the session is where it should be, or nothing better is known. */
  async #findLeader(session: Session, signal: AbortSignal): Promise<Transport | undefined> {
    const { address } = this.#transport;
    if (address === undefined || this.#transport.to === undefined) return undefined;
    const endMs = Date.now() + this.#settings.leaderTimeoutMs;
    for (;;) {
      const metadata = await session.ask(getClusterMetadata, leaderAnswerTimeoutMs).catch(() => undefined);
      const leader = metadata && leaderOf(metadata, address);
      if (leader !== undefined) return leader === 'here' ? undefined : this.#transport.to(leader);
      if (metadata === undefined || Date.now() >= endMs || signal.aborted) return undefined;
      await sleep(leaderPollMs);
    }
  }

  async #logIn(transport: Transport, signal: AbortSignal): Promise<Session> {
    try {
      return await this.#attempt(transport, this.#generation ?? 'vsr', signal);
    } catch (error) {
      const undecided = this.#generation === undefined;
      if (!undecided || !ClientError.is(error) || (error.code !== otherGenerationCode && error.code !== unheardCode)) throw error;
      return this.#attempt(transport, 'classic', signal).catch((second) => {
        // A classic server has shown itself, or a refusal in classic terms does; two silent ends say nothing.
        throw error.code === otherGenerationCode || second instanceof AuthenticationError ? second : error;
      });
    }
  }

  async #attempt(transport: Transport, generation: Generation, signal: AbortSignal): Promise<Session> {
    const { user, token, connectTimeoutMs } = this.#settings;
    const wire = generation === 'vsr' ? createVsrWire(this.#identity) : createClassicWire(classicReplyBytesMax);
    const limit = joinSignals([signal], connectTimeoutMs);
    let opened: Session | undefined;
    const { ready, again, ended } = this.#events;
    const events = { ready, again, ended: (error: ClientError, unanswered: readonly Call[]) => ended(opened, error, unanswered) };
    try {
      opened = await Session.open(transport, wire, { user, token }, this.#settings, events, limit.signal);
      return opened;
    } finally {
      limit.release();
    }
  }
}
