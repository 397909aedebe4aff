// A worker: serves connections that the control thread deals out to it. Sends, polls and stored offsets of single consumers are answered here, by a copy of what they must know;
// all else is passed on.

import type { MessagePort } from 'node:worker_threads';
import { loadAddon } from '../addon/addon.ts';
import { createPollMessages } from '../handlers/messages/poll-messages.ts';
import { createSendMessages } from '../handlers/messages/send-messages.ts';
import { startStalledConnections } from '../jobs/stalled-connections.ts';
import { createLogger } from '../observability/logger.ts';
import { RequestMeter } from '../observability/request-meter.ts';
import type { FinishedRequest, RequestTracing } from '../observability/request-tracing.ts';
import { TransportTraffic } from '../observability/transport-traffic.ts';
import { ConsumerKind } from '../protocol/primitives/consumer.ts';
import type { Engine } from '../storage/engine.ts';
import { attachEngine } from '../storage/native-engine.ts';
import { systemClock } from '../streaming/clock.ts';
import { SendRoom } from '../streaming/send-room.ts';
import { windowNumbers } from '../streaming/send-window.ts';
import type { OpenConnection } from '../transports/listener.ts';
import { FlushScheduler } from '../transports/output.ts';
import { ReceiveBuffers } from '../transports/receive-buffers.ts';
import { RequestObserver } from '../transports/request-observer.ts';
import type { TransportServices } from '../transports/services.ts';
import { connectDescriptor } from '../transports/tcp-connection.ts';
import { ControlLink } from './control-link.ts';
import { Departures } from './departures.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { QuicService } from './quic-service.ts';
import { SharedMemory } from './shared-memory.ts';
import { ViewGate } from './view-gate.ts';
import { WorkerClients } from './worker-clients.ts';
import type { WorkerData } from './worker-data.ts';
import { takeFigures } from './worker-figures.ts';
import { workerHandlers, workerRunControl } from './worker-handlers.ts';
import { WorkerView } from './worker-view.ts';

const tellEveryMs = 250;

/** Starts to serve; the thread ends when the control thread says so. */
export function startWorker(port: MessagePort, data: WorkerData): void {
  const post = (message: FromWorker) => port.postMessage(message);
  const clock = systemClock;
  const memory = new SharedMemory(data.memory);
  const engine = attachEngine(data.engine);
  const { limits } = data;
  const log = createLogger({
    level: data.logLevel,
    format: 'json',
    output: undefined,
    sinks: [{ add: (line) => post({ kind: 'log', line }) }],
  });
  const view = new WorkerView(engine, clock, log);
  const gate = new ViewGate(() => memory.epoch(data.number));
  const link = new ControlLink(port, engine);
  const room = new SendRoom(data.rememberedSendsMax, engine, memory.rememberedSends);
  const clients = new WorkerClients(
    view,
    {
      takeRoom(entries) {
        const taken = room.take(entries);
        if (!taken || !room.has(windowNumbers)) post({ kind: 'room' });
        return taken;
      },
      giveBack: (key, window) => post({ kind: 'window', key, window }),
      sent: (send) => post({ kind: 'sent', send }),
    },
    clock,
  );
  tellOfChanges(engine, memory, post);

  const meter = data.metered ? new RequestMeter() : undefined;
  const spans: FinishedRequest[] = [];
  const tracing = data.traced ? spansFor(spans, performance.timeOrigin - data.timeOrigin) : undefined;
  const observed = meter !== undefined || tracing !== undefined;
  const pollHere = createPollMessages(view);
  const traffic = {
    tcp: new TransportTraffic(),
    quic: new TransportTraffic(),
    websocket: new TransportTraffic(),
    http: new TransportTraffic(),
    'in-process': new TransportTraffic(),
  };
  const services: TransportServices = {
    system: view,
    engine,
    handlers: workerHandlers(data.commands),
    runControl: workerRunControl({ view, link, gate, clients, log }),
    gate,
    sendMessages: createSendMessages(view),
    // The body begins with the kind of the consumer; what a group's members may read is the control thread's to say.
    pollMessages: (exchange) =>
      exchange.bytes[exchange.bodyStart] === ConsumerKind.consumer ? pollHere(exchange) : link.poll(exchange, exchange),
    waitForMessages: (exchange) => link.waitingPoll(exchange),
    audit: undefined,
    observers: observed
      ? { classic: new RequestObserver('classic', meter, tracing), vsr: new RequestObserver('vsr', meter, tracing) }
      : undefined,
    tracing,
    traffic,
    limits,
    certificateUsers: undefined,
    clock,
    log,
    receiveBuffers: new ReceiveBuffers(engine, limits.receiveBytesMax, memory.receiving(data.number)),
    flushScheduler: new FlushScheduler(),
    refusedConnections: { count: 0, note: (reason) => post({ kind: 'refused', reason }) },
    stopping: () => memory.stopping,
    connected(transport, address) {
      const client = clients.connect(memory.nextClientId(), transport, address);
      post({ kind: 'connected', client: client.id, transport, address });
      return client;
    },
    disconnected(client) {
      gate.release(client);
      departures.disconnected(client);
      clients.disconnect(client);
      post({ kind: 'disconnected', client: client.id });
    },
  };

  const quic = new QuicService({
    ...{ number: data.number, workers: data.workers, memory, services, gate, clients },
    post: (message) => post({ kind: 'quic', message }),
  });
  const connections = new Set<OpenConnection>();
  const allConnections = function* (): Iterable<OpenConnection> {
    yield* connections;
    yield* quic.connections;
  };
  const departures = new Departures(loadAddon());
  const tell = () => {
    const figures = takeFigures(view, traffic, meter, clients.takeSeen());
    if (figures !== undefined) post({ kind: 'figures', figures });
    if (spans.length > 0) post({ kind: 'spans', requests: spans.splice(0) });
  };
  const timer = setInterval(tell, tellEveryMs);
  startStalledConnections(allConnections, () => clock.nowMs());

  const serve = ({ descriptor, client: id, address, moved }: ToWorker & { kind: 'socket' }): void => {
    const client = clients.connect(id, 'tcp', address);
    if (moved !== undefined) client.presentedClientId = moved.presentedClientId;
    if (moved?.login !== undefined) clients.login(moved.login);
    const served = connectDescriptor(descriptor, client, connections, services, moved?.connection);
    departures.connected(client, served);
    if (moved?.ends === 'stop') served.connection.stop();
    else if (moved?.ends === 'destroy') served.connection.destroy();
  };
  const move = ({ client: id, to }: ToWorker & { kind: 'move' }): void => {
    const moving = clients.get(id);
    if (moving === undefined) return;
    departures.begin(moving, ({ client, descriptor, moving: connection }) => {
      clients.disconnect(client);
      const { presentedClientId, lastSeenMs } = client;
      post({ kind: 'moved', client: id, to, descriptor, connection, presentedClientId, lastSeenMs });
    });
  };
  const stale = ({ client: id, clientId }: ToWorker & { kind: 'stale' }): void => {
    const client = clients.get(id);
    if (client === undefined) post({ kind: 'stale', client: id, clientId });
    else client.tellStale?.(clientId);
  };

  const take = (message: ToWorker): void => {
    switch (message.kind) {
      case 'view':
        view.apply(message.changes);
        gate.applied(message.epoch);
        break;
      case 'login':
        clients.login(message.login);
        if (message.epoch !== undefined) gate.applied(message.epoch);
        break;
      case 'socket':
        serve(message);
        break;
      case 'move':
        move(message);
        break;
      case 'outcome':
        link.outcome(message);
        break;
      case 'answer':
        link.answer(message);
        break;
      case 'stale':
        stale(message);
        break;
      case 'sent':
        clients.sent(message.send);
        break;
      case 'quic':
        quic.take(message.message);
        break;
      case 'tell':
        tell();
        post({ kind: 'told' });
        break;
      case 'stop-connections':
        for (const connection of [...allConnections()]) connection.stop();
        break;
      case 'destroy-connections':
        for (const connection of [...allConnections()]) connection.destroy();
        break;
      case 'end':
        // A connection may have come while the control thread was ending those that it knew of.
        for (const connection of [...allConnections()]) connection.destroy();
        quic.stop();
        clearInterval(timer);
        port.close();
        process.exit();
    }
  };
  port.on('message', take);
  post({ kind: 'ready' });
}

/** Tells the control thread of partitions that polls may wait for, once a turn. */
function tellOfChanges(engine: Engine, memory: SharedMemory, post: (message: FromWorker) => void): void {
  let changed = new Set<number>();
  engine.onChanged = (partition) => {
    if (!memory.mayBeWaitedFor(partition)) return;
    changed.add(partition);
    if (changed.size > 1) return;
    queueMicrotask(() => {
      const partitions = [...changed];
      changed = new Set();
      post({ kind: 'changed', partitions });
    });
  };
}

/** `offsetMs`: what this thread's clock lacks to be the control thread's. */
function spansFor(spans: FinishedRequest[], offsetMs: number): RequestTracing {
  return {
    answered(request) {
      spans.push({ ...request, startedMs: request.startedMs + offsetMs, endedMs: request.endedMs + offsetMs });
    },
  };
}
