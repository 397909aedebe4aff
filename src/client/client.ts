// The client: one connection that lasts, the commands by area, producers and consumers.

import { EventEmitter } from 'node:events';
import type { Generation } from '../protocol/command.ts';
import { ServerExtensions } from './commands/extensions.ts';
import { Groups } from './commands/groups.ts';
import { Messages } from './commands/messages.ts';
import { Streams } from './commands/streams.ts';
import { System } from './commands/system.ts';
import { Tokens } from './commands/tokens.ts';
import { Topics } from './commands/topics.ts';
import { Users } from './commands/users.ts';
import { Connection } from './connection/connection.ts';
import type { ClientError } from './connection/errors.ts';
import type { Settings } from './connection/options.ts';
import { Consumer } from './consumer/consumer.ts';
import type { ConsumerOptions } from './consumer/options.ts';
import { type Hashes, loadHashes } from './message/hash.ts';
import { Producer, type ProducerOptions } from './producer/producer.ts';
import type { ServerAddress, Transport } from './transport/transport.ts';

/** Events of a client, with their arguments. */
export interface ClientEvents {
  /** Logged in, for the first time or again. Nobody can listen to the first one of `connect`. */
  connected: [generation: Generation];
  /** The connection was lost. Unless the client was told not to, it reconnects. */
  disconnected: [error: ClientError];
  /** An attempt follows after the delay. */
  reconnecting: [attempt: number, delayMs: number];
  /** For good: by `close`, by `drain`, or with the error that made the client give up. */
  closed: [error: ClientError | undefined];
}

/** Connects over this transport and logs in. Rejects with ConnectionError, AuthenticationError, or the reason of `signal`, which ends only this first attempt. */
export async function connectOver(transport: Transport, settings: Settings, signal?: AbortSignal): Promise<Client> {
  const client = new Client(settings, transport, await loadHashes());
  await client.open(signal);
  return client;
}

/** A client. `connect` and `Galgo.connect` make them. */
export class Client extends EventEmitter<ClientEvents> {
  /** Commands on streams. */
  readonly streams: Streams;
  /** Commands on topics, their partitions and segments. */
  readonly topics: Topics;
  /** Commands on consumer groups. */
  readonly groups: Groups;
  /** Sending and polling by hand, and stored offsets. */
  readonly messages: Messages;
  /** Commands on users. */
  readonly users: Users;
  /** Commands on personal access tokens. */
  readonly tokens: Tokens;
  /** Commands on the server itself. */
  readonly system: System;
  readonly #connection: Connection;
  readonly #extensions: ServerExtensions;
  readonly #hashes: Hashes;
  readonly #transforms: Settings['transforms'];
  readonly #producers = new Set<Producer>();
  readonly #consumers = new Set<Consumer>();

  constructor(settings: Settings, transport: Transport, hashes: Hashes) {
    super();
    this.#hashes = hashes;
    const connection = new Connection(settings, transport, {
      connected: (generation) => {
        extensions.forget();
        for (const consumer of this.#consumers) consumer.reconnected();
        this.emit('connected', generation);
      },
      disconnected: (error) => this.emit('disconnected', error),
      reconnecting: (attempt, delayMs) => this.emit('reconnecting', attempt, delayMs),
      closed: (error) => this.emit('closed', error),
    });
    this.#connection = connection;
    const extensions = new ServerExtensions(connection);
    this.#extensions = extensions;
    this.streams = new Streams(connection);
    this.topics = new Topics(connection);
    this.groups = new Groups(connection);
    this.#transforms = settings.transforms;
    this.messages = new Messages(connection, hashes, extensions, settings.transforms);
    this.users = new Users(connection);
    this.tokens = new Tokens(connection);
    this.system = new System(connection);
  }

  /** `connect` calls it. */
  async open(signal: AbortSignal | undefined): Promise<void> {
    await this.#connection.open(signal);
  }

  /** What the server speaks: `vsr` is Iggy 0.9, `classic` Iggy 0.8. */
  get generation(): Generation {
    return this.#connection.generation;
  }

  /** Of the server that it speaks with: in a cluster, of the leader. */
  get address(): ServerAddress | undefined {
    return this.#connection.address;
  }

  /** False while it reconnects, and after the end. */
  get connected(): boolean {
    return this.#connection.connected;
  }

  /** Sends to one topic. */
  producer(options: ProducerOptions): Producer {
    const transforms = options.transforms ?? this.#transforms;
    const services = { requester: this.#connection, topics: this.topics, hashes: this.#hashes, transforms };
    const producer = new Producer(options, services, () => this.#producers.delete(producer));
    this.#producers.add(producer);
    return producer;
  }

  /** Reads from one topic, alone or as a member of a group. It begins with the first read. */
  consumer(options: ConsumerOptions): Consumer {
    const { transforms } = options;
    const messages = transforms === undefined ? this.messages : new Messages(this.#connection, this.#hashes, this.#extensions, transforms);
    const consumer = new Consumer(options, { topics: this.topics, groups: this.groups, messages, requester: this.#connection }, () =>
      this.#consumers.delete(consumer),
    );
    this.#consumers.add(consumer);
    return consumer;
  }

  /** The way to stop: ends consumers (committing what they processed), sends what producers hold, awaits every answer, logs out, closes. */
  async drain(): Promise<void> {
    await Promise.allSettled([...this.#consumers].map((consumer) => consumer.close()));
    await Promise.allSettled([...this.#producers].map((producer) => producer.drain()));
    await this.#connection.settled();
    await this.#connection.close();
  }

  /** Stops at once: whatever is not answered yet fails with ClosedError. */
  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** `drain`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }
}
