// Composition root: the one place that wires everything, in the order of starting; stopping goes the other way.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RunningServer } from './cli/running-server.ts';
import type { Settings } from './config/settings.ts';
import { createPollMessages } from './handlers/messages/poll-messages.ts';
import { createSendMessages } from './handlers/messages/send-messages.ts';
import { createHandlers } from './handlers/registry.ts';
import { startRebalanceTimeout } from './jobs/rebalance-timeout.ts';
import { startStalledConnections } from './jobs/stalled-connections.ts';
import type { Logger } from './observability/logger.ts';
import { rateLimitedWarning } from './observability/rate-limited-warning.ts';
import type { ClusterMetadata } from './protocol/commands/get-cluster-metadata.ts';
import { ClusterNodeRole, ClusterNodeStatus } from './protocol/primitives/enumerations.ts';
import { loadAddon } from './storage/addon.ts';
import { lockDataFolder } from './storage/data-folder-lock.ts';
import { openMetadataStore } from './storage/metadata/metadata-store.ts';
import { createEngine } from './storage/native-engine.ts';
import { systemClock } from './streaming/clock.ts';
import { createProcessStats } from './streaming/process-stats.ts';
import { System } from './streaming/system.ts';
import { type TopicDefaults, unlimited } from './streaming/topic-settings.ts';
import { hashPassword, rootUserId } from './streaming/users.ts';
import { loadCertificate } from './transports/certificates.ts';
import type { Connection } from './transports/connection.ts';
import { FlushScheduler } from './transports/output.ts';
import { ReceiveBuffers } from './transports/receive-buffers.ts';
import type { TransportServices } from './transports/services.ts';
import { type Listener, listenTcp } from './transports/tcp.ts';

const drainTimeoutMs = 10_000;
const drainCheckEveryMs = 20;

/** Resolves when the server answers on every address. Rejects if the data folder is in use or cannot be read, or an address cannot be bound. */
export async function startServer(settings: Settings, log: Logger): Promise<RunningServer> {
  const dataPath = settings.system.path;
  const undo: (() => unknown)[] = [];
  try {
    const lock = lockDataFolder(loadAddon(), dataPath);
    undo.push(() => lock.release());
    const engine = createEngine({ ...settings.engine });
    undo.push(() => engine.shutdown());
    const store = await openMetadataStore(dataPath);
    undo.push(() => store.close());
    const clock = systemClock;
    const rootPasswordGenerated = await ensureRootUser(store, settings, clock.nowMicros());
    const startedAtMs = performance.now();
    const system = await System.load({
      engine,
      store,
      dataPath,
      defaults: topicDefaults(settings),
      rebalancingTimeoutMs: settings.consumerGroup.rebalancingTimeoutMs,
      clock,
      log,
    });
    undo.push(() => system.close());
    log.info({ streams: system.streams.size, ms: Math.round(performance.now() - startedAtMs) }, 'data is ready');

    let stopping = false;
    const listeners: Listener[] = [];
    const version = packageVersion();
    const services: TransportServices = {
      system,
      engine,
      handlers: createHandlers({
        version,
        processStats: createProcessStats(dataPath, clock, version),
        cluster: () => clusterOf(settings, listeners),
      }),
      sendMessages: createSendMessages(system),
      pollMessages: createPollMessages(system),
      limits: settings.limits,
      clock,
      log,
      receiveBuffers: new ReceiveBuffers(engine, settings.limits.receiveBytesMax),
      flushScheduler: new FlushScheduler(),
      refusedConnections: rateLimitedWarning(log, () => clock.nowMs()),
      stopping: () => stopping,
      connected: (transport, address) => system.clients.connect(transport, address, clock.nowMs()),
      disconnected: (client) => system.disconnected(client),
    };
    const connections = function* (): Iterable<Connection> {
      for (const listener of listeners) yield* listener.connections;
    };

    const { tcp } = settings;
    const certificate = tcp.tls.enabled ? await loadCertificate(tcp.tls, dataPath) : undefined;
    if (certificate !== undefined) log.info({ sha256: certificate.fingerprint }, 'TLS certificate');
    const tcpListener = await listenTcp({ host: tcp.host, port: tcp.port, tls: certificate }, services);
    listeners.push(tcpListener);
    const stopJobs = [startRebalanceTimeout(system), startStalledConnections(connections, () => clock.nowMs())];

    return {
      addresses: { tcp: tcpListener.address },
      rootPasswordGenerated,
      async stop() {
        stopping = true;
        for (const listener of listeners) listener.stopAccepting();
        for (const connection of connections()) connection.stop();
        await drained(connections);
        for (const stopJob of stopJobs) stopJob();
        for (const step of undo.reverse()) await step();
      },
    };
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

/** Waits until every connection ended; those that take too long are cut. */
async function drained(connections: () => Iterable<Connection>): Promise<void> {
  const deadlineMs = performance.now() + drainTimeoutMs;
  const some = () => [...connections()].length > 0;
  while (some() && performance.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, drainCheckEveryMs));
  for (const connection of connections()) connection.destroy();
}

/** Makes the root user at the first start. Returns its password if that had to be made up. */
async function ensureRootUser(
  store: Awaited<ReturnType<typeof openMetadataStore>>,
  settings: Settings,
  nowMicros: bigint,
): Promise<string | undefined> {
  if (store.all('user').some(({ ids }) => ids[0] === rootUserId)) return undefined;
  const given = settings.rootCredentials;
  const password = given?.password ?? randomBytes(16).toString('base64url');
  const row = {
    name: given?.username ?? 'iggy',
    createdAt: String(nowMicros),
    passwordHash: await hashPassword(password),
    active: true,
  };
  await store.commit([{ put: 'user', ids: [rootUserId], row }]);
  return given === undefined ? password : undefined;
}

function topicDefaults(settings: Settings): TopicDefaults {
  const { topic, segment } = settings.system;
  return {
    segmentBytes: segment.sizeBytes,
    messageExpiry: topic.messageExpiryMs === undefined ? unlimited : BigInt(topic.messageExpiryMs) * 1000n,
    maxTopicSize: topic.sizeBytesMax === undefined ? unlimited : BigInt(topic.sizeBytesMax),
    durability: settings.durability.messages,
    offsetDurability: settings.durability.consumerOffsets,
  };
}

function clusterOf(settings: Settings, listeners: readonly Listener[]): ClusterMetadata {
  const tcpPort = Number(listeners[0]?.address.split(':').at(-1) ?? 0);
  const node = {
    name: 'iggy-node',
    host: settings.tcp.host,
    tcpPort,
    quicPort: 0,
    httpPort: 0,
    websocketPort: 0,
    role: ClusterNodeRole.leader,
    status: ClusterNodeStatus.healthy,
  };
  return { name: 'single-node', nodes: [node] };
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
