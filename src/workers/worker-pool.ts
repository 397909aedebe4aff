// The worker threads as the control thread sees them: it starts and stops them, deals out connections, tells what has changed, and carries out what they pass on.
//
// A worker that ends by itself takes with it what it knew of sends under way; the error is thrown on, and ends the server as one of the control thread's own would. What was
// acknowledged is in the engine, and the next start reads from the log which sends were stored.

import type net from 'node:net';
import type { Addon } from '../addon/addon.ts';
import type { LogLevel } from '../observability/logger.ts';
import type { RequestMeter } from '../observability/request-meter.ts';
import type { Generation } from '../protocol/command.ts';
import { classicCommands, sharedCommands, vsrCommands } from '../protocol/commands/registry.ts';
import type { TransportName } from '../streaming/clients.ts';
import type { LiveCertificate } from '../transports/certificate-store.ts';
import type { ControlOutcome } from '../transports/control.ts';
import type { Listener, OpenConnection } from '../transports/listener.ts';
import type { QuicOptions } from '../transports/quic/quic-options.ts';
import type { RequestSubject } from '../transports/request-observer.ts';
import type { ControlServices } from '../transports/services.ts';
import type { ConnectionTaker } from '../transports/tcp.ts';
import { ConnectionSpreader } from './connection-spreader.ts';
import { ForwardedPoll } from './forwarded-poll.ts';
import type { FromWorker, MovedClient, SentOutcome } from './messages.ts';
import { QuicWorkers } from './quic-workers.ts';
import { relayLogLine } from './relay-log-line.ts';
import { RemoteClient } from './remote-client.ts';
import type { SharedMemory } from './shared-memory.ts';
import { startThread } from './start-thread.ts';
import { ViewPublisher } from './view-publisher.ts';
import type { WorkerData } from './worker-data.ts';
import { addFigures, topicOf } from './worker-figures.ts';
import { WorkerLink } from './worker-link.ts';

export interface WorkerPoolParts {
  readonly workers: number;
  readonly memory: SharedMemory;
  readonly addon: Addon;
  readonly services: ControlServices;
  readonly meter: RequestMeter | undefined;
}

export class WorkerPool implements ConnectionTaker {
  readonly #parts: WorkerPoolParts;
  readonly #services: ControlServices;
  readonly #links: WorkerLink[] = [];
  readonly #publisher: ViewPublisher;
  readonly #exits: Promise<void>[] = [];
  readonly #quic: QuicWorkers;
  #spreader: ConnectionSpreader | undefined;
  #stopping = false;

  private constructor(parts: WorkerPoolParts) {
    this.#parts = parts;
    this.#services = parts.services;
    this.#publisher = new ViewPublisher(parts.services.system);
    this.#quic = new QuicWorkers(this.#links, parts.services);
  }

  /** Resolves when every worker is ready. Rejects if one cannot start. */
  static async start(parts: WorkerPoolParts): Promise<WorkerPool> {
    const pool = new WorkerPool(parts);
    try {
      await Promise.all(Array.from({ length: parts.workers }, (_, number) => pool.#startWorker(number)));
    } catch (error) {
      await pool.stop();
      throw error;
    }
    const { system } = parts.services;
    system.onMutated = () => pool.#publish();
    pool.#publish();
    pool.#spreader = new ConnectionSpreader(pool.#links, parts.services.clock, parts.services.stopping);
    return pool;
  }

  take(socket: net.Socket, address: string, ended: () => void): OpenConnection | undefined {
    const descriptor = (socket as unknown as { _handle?: { fd?: number } })._handle?.fd;
    if (descriptor === undefined || descriptor < 0) return undefined;
    const link = (this.#spreader as ConnectionSpreader).place();
    const client = this.#connect(link, this.#services.system.clients.freeId(), 'tcp', address, ended);
    link.post({
      kind: 'socket',
      descriptor: this.#parts.addon.duplicateDescriptor(descriptor),
      client: client.id,
      address,
      moved: undefined,
    });
    socket.destroy();
    return client;
  }

  /** Has QUIC served by the workers, see QuicWorkers. */
  listenQuic(options: QuicOptions, certificate: LiveCertificate): Promise<Listener | undefined> {
    return this.#quic.listen(this.#parts.addon, options, certificate);
  }

  /** Resolves when what the workers have counted until now has been added here. */
  async gather(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.gather()));
  }

  /** Resolves when every thread has ended. Connections are to have ended before. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#spreader?.stop();
    for (const link of this.#links) link.post({ kind: 'end' });
    await Promise.all(this.#exits);
  }

  #startWorker(number: number): Promise<void> {
    const { workers, memory, services, meter } = this.#parts;
    const { limits } = services;
    const data: WorkerData = {
      number,
      workers,
      memory: memory.buffer,
      engine: services.engine.number,
      limits,
      rememberedSendsMax: services.system.sendWindows.entriesMax,
      logLevel: services.log.level === 'silent' ? 'off' : (services.log.level as LogLevel),
      timeOrigin: performance.timeOrigin,
      commands: commandsOf(services),
      metered: meter !== undefined,
      traced: services.tracing !== undefined,
    };
    const worker = startThread(new URL('./worker-thread.ts', import.meta.url), data);
    const link = new WorkerLink(number, worker, memory);
    this.#links.push(link);
    this.#exits.push(new Promise((resolve) => worker.once('exit', () => resolve())));
    return new Promise((resolve, reject) => {
      let ready = false;
      let failure: Error | undefined;
      worker.on('message', (message: FromWorker) => {
        if (message.kind !== 'ready') this.#take(link, message);
        else resolve();
        ready = true;
      });
      worker.on('error', (error) => {
        failure = error;
      });
      worker.on('exit', (code) => {
        link.ended();
        // Its connections ended with it.
        for (const client of [...link.clients.values()]) this.#disconnect(link, client);
        const reason = failure ?? new Error(`worker thread ${number} ended with code ${code}`);
        if (!ready) reject(reason);
        else if (!this.#stopping) throw reason;
      });
    });
  }

  #publish(): void {
    const changes = this.#publisher.changes();
    if (changes === undefined) return;
    for (const link of this.#links) link.post({ kind: 'view', epoch: link.raiseEpoch(), changes });
  }

  #connect(link: WorkerLink, id: number, transport: TransportName, address: string, ended: () => void): RemoteClient {
    const { system, traffic, clock } = this.#services;
    traffic[transport].connectionsOpened++;
    const client = new RemoteClient(link, system.sendWindows, { id, transport, address, nowMs: clock.nowMs() }, ended);
    link.clients.set(id, client);
    system.clients.add(client);
    return client;
  }

  #disconnect(link: WorkerLink, client: RemoteClient): void {
    link.clients.delete(client.id);
    client.gone();
    this.#services.disconnected(client);
  }

  #take(link: WorkerLink, message: Exclude<FromWorker, { kind: 'ready' }>): void {
    const { system } = this.#services;
    switch (message.kind) {
      case 'connected': {
        const { connections } = this.#quic;
        const client = this.#connect(link, message.client, message.transport, message.address, () => connections.delete(client));
        connections.add(client);
        break;
      }
      case 'quic':
        this.#quic.take(link, message.message);
        break;
      case 'disconnected': {
        const client = link.clients.get(message.client);
        if (client !== undefined) this.#disconnect(link, client);
        break;
      }
      case 'moved':
        this.#moved(link, message);
        break;
      case 'stale':
        // It went to another worker, of which was told before.
        this.#links.find(({ clients }) => clients.has(message.client))?.post(message);
        break;
      case 'command':
        this.#command(link, message);
        break;
      case 'poll':
        this.#poll(link, message);
        break;
      case 'abandon':
        link.waitingPolls.get(message.poll)?.abandon();
        break;
      case 'window':
        system.sendWindows.giveBack(message.key, message.window, (key) => topicOf(system, key));
        break;
      case 'sent':
        system.sendWindows.sent(message.send, (key) => topicOf(system, key));
        break;
      case 'room':
        system.sendWindows.makeRoomAhead();
        break;
      case 'changed':
        for (const partition of message.partitions) system.pollWaits.partitionChanged(partition);
        break;
      case 'refused':
        this.#services.refusedConnections.note(message.reason);
        break;
      case 'figures':
        addFigures(message.figures, this.#services, this.#parts.meter, link.clients);
        break;
      case 'told':
        link.told();
        break;
      case 'spans':
        for (const request of message.requests) this.#services.tracing?.answered(request);
        break;
      case 'log':
        relayLogLine(this.#services.log, message.line);
    }
  }

  #moved(
    from: WorkerLink,
    { client: id, to, descriptor, connection, presentedClientId, lastSeenMs }: FromWorker & { kind: 'moved' },
  ): void {
    const client = from.clients.get(id);
    const link = this.#links[to];
    if (client === undefined || link === undefined) throw new Error(`client ${id} cannot move to worker ${to}`);
    from.clients.delete(id);
    link.clients.set(id, client);
    client.lastSeenMs = Math.max(client.lastSeenMs, lastSeenMs);
    const moved: MovedClient = { connection, presentedClientId, login: client.movedTo(link), ends: from.ends ?? link.ends };
    link.post({ kind: 'socket', descriptor, client: id, address: client.address, moved });
  }

  #command(link: WorkerLink, { request, client: id, generation, code, body, presentedClientId }: FromWorker & { kind: 'command' }): void {
    const client = link.clients.get(id);
    const handler = this.#services.handlers.byCode(code, generation);
    if (client === undefined || handler === undefined) return;
    client.generation = generation;
    client.presentedClientId = presentedClientId;
    client.lastSeenMs = this.#services.clock.nowMs();
    const subject: RequestSubject = { stream: undefined, topic: undefined };
    const answer = (outcome: ControlOutcome): void => {
      client.lendAgain();
      const { stream, topic } = subject;
      link.post({ kind: 'outcome', request, outcome: sendable(outcome), stream, topic });
    };
    const outcome = this.#services.runControl(client, generation, handler, Buffer.from(body.buffer), subject);
    if (outcome instanceof Promise) void outcome.then(answer);
    else answer(outcome);
  }

  #poll(link: WorkerLink, message: FromWorker & { kind: 'poll' }): void {
    const client = link.clients.get(message.client);
    if (client === undefined) return;
    const { services } = this.#parts;
    client.lastSeenMs = services.clock.nowMs();
    const { request } = message;
    const poll = new ForwardedPoll(services.engine, client, message, (answer) => {
      link.waitingPolls.delete(request);
      link.post({ kind: 'answer', request, answer });
    });
    if (message.waits === undefined) {
      services.pollMessages(poll);
    } else {
      link.waitingPolls.set(request, poll);
      services.waitForMessages(poll);
    }
  }
}

function commandsOf({ handlers }: ControlServices): WorkerData['commands'] {
  const forGeneration = (commands: readonly { code: number }[], generation: Generation) =>
    commands.flatMap(({ code }) => {
      const handler = handlers.byCode(code, generation);
      return handler === undefined ? [] : [{ code, login: handler.login }];
    });
  return [...forGeneration([...sharedCommands, ...classicCommands], 'classic'), ...forGeneration(vsrCommands, 'vsr')];
}

/** With the reply in memory of its own size: what a view is a part of would travel with it. */
function sendable(outcome: ControlOutcome): SentOutcome {
  return outcome.kind === 'reply' ? { kind: 'reply', body: Uint8Array.from(outcome.body) } : outcome;
}
