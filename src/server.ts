// Composition root: the one place that wires everything, in the order of starting; stopping goes the other way.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Addon, loadAddon } from './addon/addon.ts';
import type { LogFacts, RunningServer } from './cli/running-server.ts';
import type { Settings } from './config/settings.ts';
import { createAuditLog } from './handlers/audit-log.ts';
import { createPollMessages } from './handlers/messages/poll-messages.ts';
import { createSendMessages } from './handlers/messages/send-messages.ts';
import { createWaitForMessages } from './handlers/messages/wait-for-messages.ts';
import { contentMetrics } from './handlers/metrics/content-metrics.ts';
import { damageMetrics } from './handlers/metrics/damage-metrics.ts';
import { engineMetrics } from './handlers/metrics/engine-metrics.ts';
import { serverMetrics } from './handlers/metrics/server-metrics.ts';
import { Readiness } from './handlers/readiness.ts';
import { createHandlers } from './handlers/registry.ts';
import { startEndedRevocations } from './jobs/ended-revocations.ts';
import { startExpiredTokens } from './jobs/expired-tokens.ts';
import { startFenceReports } from './jobs/fence-reports.ts';
import { startRebalanceTimeout } from './jobs/rebalance-timeout.ts';
import { startRetention } from './jobs/retention.ts';
import { type ScrubbingFigures, startScrubbing } from './jobs/scrubbing.ts';
import { startSilentClients } from './jobs/silent-clients.ts';
import { startStalledConnections } from './jobs/stalled-connections.ts';
import type { Logger } from './observability/logger.ts';
import { single } from './observability/metrics/metric-family.ts';
import { processMetrics } from './observability/metrics/process-metrics.ts';
import { requestMetrics } from './observability/metrics/request-metrics.ts';
import { Scrape } from './observability/metrics/scrape.ts';
import { transportMetrics } from './observability/metrics/transport-metrics.ts';
import { rateLimitedWarning } from './observability/rate-limited-warning.ts';
import { RequestMeter } from './observability/request-meter.ts';
import type { TraceExport } from './observability/telemetry/trace-export.ts';
import { TransportTraffic } from './observability/transport-traffic.ts';
import type { ClusterMetadata } from './protocol/commands/get-cluster-metadata.ts';
import { ClusterNodeRole, ClusterNodeStatus } from './protocol/primitives/enumerations.ts';
import { loadQuiche } from './quic/quiche.ts';
import type { MetadataStore } from './storage/metadata/metadata-store.ts';
import { systemClock } from './streaming/clock.ts';
import { openData } from './streaming/open-data.ts';
import { Passwords } from './streaming/passwords.ts';
import { everyPermission } from './streaming/permissions.ts';
import { createProcessStats, type ProcessStats } from './streaming/process-stats.ts';
import type { System } from './streaming/system.ts';
import { rootUserId, userRow } from './streaming/users.ts';
import { CertificateStore } from './transports/certificate-store.ts';
import { createRunControl } from './transports/control.ts';
import type { MetricsEndpoint } from './transports/http/application/http-app.ts';
import { listenHttp } from './transports/http/listen.ts';
import { type InProcessListener, listenInProcess } from './transports/in-process.ts';
import type { Listener, OpenConnection } from './transports/listener.ts';
import { FlushScheduler } from './transports/output.ts';
import { listenQuic } from './transports/quic/listen.ts';
import { ReceiveBuffers } from './transports/receive-buffers.ts';
import { RequestObserver } from './transports/request-observer.ts';
import type { ControlServices } from './transports/services.ts';
import { listenTcp } from './transports/tcp.ts';
import { listenWebSocket } from './transports/websocket.ts';
import { SharedMemory } from './workers/shared-memory.ts';
import { WorkerPool } from './workers/worker-pool.ts';

const drainTimeoutMs = 10_000;
const drainCheckEveryMs = 20;
const revocationsIntervalMs = 300_000;

/** A started server, for whoever starts it within another program. */
export interface EmbeddableServer extends RunningServer {
  /** Its name now. */
  rootUsername(): string;
  /** A connection without a socket, see InProcessListener. */
  openInProcess: InProcessListener['open'];
}

interface Listening {
  http?: Listener;
  quic?: Listener;
  tcp?: Listener;
  websocket?: Listener;
}

/** Resolves when the server answers on every address. Rejects if the data folder is in use or cannot be read, or an address cannot be bound. */
export async function startServer(settings: Settings, log: Logger, logFacts: LogFacts): Promise<EmbeddableServer> {
  const dataPath = settings.system.path;
  const undo: (() => unknown)[] = [];
  try {
    const addon = loadAddon();
    const clock = systemClock;
    const { workers } = settings.server;
    const memory = workers > 1 && workersCanServe(settings, addon) ? new SharedMemory() : undefined;
    let rootPasswordGenerated: string | undefined;
    const data = await openData(settings, addon, log, {
      sharing: memory,
      prepare: async (store) => {
        rootPasswordGenerated = await ensureRootUser(store, settings, clock.nowMicros());
      },
    });
    undo.push(() => data.close());
    const { engine, store, system } = data;

    let stopping = false;
    let scrubbed: Readonly<ScrubbingFigures> | undefined;
    const listening: Listening = {};
    const listeners = () =>
      [inProcess, listening.quic, listening.tcp, listening.websocket, listening.http].filter((listener) => listener !== undefined);
    const version = packageVersion();
    const { longestWaitMs } = settings.longPoll;
    const pollMessages = createPollMessages(system);
    const processStats = createProcessStats(dataPath, clock, version);
    const meter = settings.http.enabled && settings.http.metrics !== undefined ? new RequestMeter() : undefined;
    const tracing = await startTracing(settings, version, log, () => clock.nowMs());
    undo.push(() => tracing?.end());
    const observed = meter !== undefined || tracing !== undefined;
    const audit = settings.system.logging.audit ? createAuditLog(system.users, log, () => clock.nowMs()) : undefined;
    const services: ControlServices = {
      system,
      engine,
      handlers: createHandlers({
        version,
        processStats,
        cluster: () => clusterOf(settings, listening),
        dataPath,
        longestWaitMs,
        connectionsMax: settings.limits.connectionsMax,
        recentLog: () => logFacts.recentText(),
      }),
      sendMessages: createSendMessages(system),
      pollMessages,
      waitForMessages: createWaitForMessages(system, pollMessages, longestWaitMs),
      runControl: createRunControl({ system, audit, log }),
      gate: undefined,
      audit,
      observers: observed
        ? { classic: new RequestObserver('classic', meter, tracing), vsr: new RequestObserver('vsr', meter, tracing) }
        : undefined,
      tracing,
      traffic: {
        tcp: new TransportTraffic(),
        quic: new TransportTraffic(),
        websocket: new TransportTraffic(),
        http: new TransportTraffic(),
        'in-process': new TransportTraffic(),
      },
      limits: settings.limits,
      certificateUsers: settings.certificateUsers,
      clock,
      log,
      receiveBuffers: new ReceiveBuffers(engine, settings.limits.receiveBytesMax, memory?.receiving()),
      flushScheduler: new FlushScheduler(),
      refusedConnections: rateLimitedWarning(log, () => clock.nowMs()),
      stopping: () => stopping,
      connected: (transport, address) => {
        services.traffic[transport].connectionsOpened++;
        return system.clients.connect(transport, address, clock.nowMs());
      },
      disconnected: (client) => system.disconnected(client),
    };
    const inProcess = listenInProcess(services);
    const connections = function* (): Iterable<OpenConnection> {
      for (const listener of listeners()) yield* listener.connections;
    };

    const { tcp, websocket, http } = settings;
    const health = new Readiness({
      dataPath,
      stopping: () => stopping,
      listening: () => listeners().every((listener) => listener.listening),
      writeMetadata: () => store.check(),
      nowMs: () => clock.nowMs(),
    });
    const pool = memory && (await WorkerPool.start({ workers, memory, addon, services, meter }));
    undo.push(() => pool?.stop());
    const metrics =
      meter === undefined || http.metrics === undefined
        ? undefined
        : metricsEndpoint({
            ...http.metrics,
            meter,
            system,
            services,
            listening,
            version,
            processStats,
            logFacts,
            pool,
            scrubbed: () => scrubbed,
          });
    const certificates = new CertificateStore(dataPath, log, () => clock.nowMs());
    undo.push(() => certificates.close());
    const tlsOf = async ({ tls }: typeof tcp | typeof websocket | typeof http) =>
      tls.enabled ? { certificate: await certificates.open(tls), clientCertificates: tls.clientCertificates } : undefined;
    undo.push(() => {
      for (const listener of listeners()) listener.stopAccepting();
    });
    const quic = await startQuic(settings, addon, certificates, services, pool);
    if (quic !== undefined) listening.quic = quic;
    if (tcp.enabled) listening.tcp = await listenTcp({ ...tcp, tls: await tlsOf(tcp) }, services, pool);
    if (websocket.enabled) listening.websocket = await listenWebSocket({ ...websocket, tls: await tlsOf(websocket) }, services);
    if (http.enabled) listening.http = await listenHttp({ ...http, version, metrics, health, tls: await tlsOf(http) }, services);
    const scrubbing = settings.scrubbing && startScrubbing(system, settings.scrubbing);
    scrubbed = scrubbing?.figures;
    const stopJobs: (() => void | Promise<void>)[] = [
      startFenceReports(system),
      startRebalanceTimeout(system),
      startStalledConnections(connections, () => clock.nowMs()),
      startSilentClients(system, settings.silence),
    ];
    if (scrubbing !== undefined) stopJobs.push(scrubbing.stop);
    if (http.enabled) stopJobs.push(startEndedRevocations(system, revocationsIntervalMs));
    if (settings.retention.enabled) stopJobs.push(startRetention(system, settings.retention.intervalMs));
    if (settings.tokenCleaner.enabled) stopJobs.push(startExpiredTokens(system, settings.tokenCleaner.intervalMs));

    return {
      addresses: {
        quic: listening.quic?.address,
        tcp: listening.tcp?.address,
        websocket: listening.websocket?.address,
        http: listening.http?.address,
      },
      selfSignedFingerprint: certificates.selfSignedFingerprint,
      rootPasswordGenerated,
      rootUsername: () => system.users.require(rootUserId).name,
      openInProcess: inProcess.open,
      reloadCertificates: () => certificates.reload(),
      async stop() {
        stopping = true;
        memory?.stop();
        for (const listener of listeners()) listener.stopAccepting();
        system.pollWaits.close();
        for (const connection of connections()) connection.stop();
        await drained(connections);
        for (const stopJob of stopJobs) await stopJob();
        for (const step of undo.reverse()) await step();
      },
    };
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

/** Undefined: off. What makes spans is loaded only if it is on. */
async function startTracing(settings: Settings, version: string, log: Logger, nowMs: () => number): Promise<TraceExport | undefined> {
  const { telemetry } = settings;
  if (telemetry === undefined) return undefined;
  const { startTraceExport } = await import('./observability/telemetry/trace-export.ts');
  const { serviceName, tracesEndpoint } = telemetry;
  const failures = rateLimitedWarning(log, nowMs);
  log.info({ traces: tracesEndpoint, logs: telemetry.logsEndpoint }, `Telemetry initialized with service name: ${serviceName}`);
  return startTraceExport({ serviceName, version }, tracesEndpoint, (reason) => failures.note(`telemetry cannot be exported: ${reason}`));
}

/** They serve plain TCP, and QUIC on sockets that the addon makes. */
function workersCanServe({ tcp, quic }: Settings, addon: Addon): boolean {
  return (tcp.enabled && !tcp.tls.enabled) || (quic.enabled && quic.udpSocket === 'auto' && addon.openUdpGroup !== undefined);
}

/** The QUIC listener. Undefined if it is off, or if there is no QUIC library for this platform, which must not keep the other transports from serving. */
async function startQuic(
  settings: Settings,
  addon: Addon,
  certificates: CertificateStore,
  services: ControlServices,
  pool: WorkerPool | undefined,
): Promise<Listener | undefined> {
  const { quic } = settings;
  if (!quic.enabled) return undefined;
  if (pool !== undefined && quic.udpSocket === 'auto') {
    const listener = await pool.listenQuic(quic, await certificates.open(quic.certificate));
    if (listener !== undefined) return listener;
  }
  const quiche = await loadQuiche().catch((error: unknown) => {
    services.log.error(
      { err: error },
      `there is no QUIC library for ${process.platform}-${process.arch}; quic.enabled = false silences this`,
    );
  });
  if (!quiche) return undefined;
  return listenQuic(quiche, addon, quic, await certificates.open(quic.certificate), services);
}

function metricsEndpoint(parts: {
  path: string;
  isPublic: boolean;
  topicsMax: number;
  lagsMax: number;
  meter: RequestMeter;
  system: System;
  services: ControlServices;
  listening: Listening;
  version: string;
  processStats: () => ProcessStats;
  logFacts: LogFacts;
  pool: WorkerPool | undefined;
  scrubbed: () => Readonly<ScrubbingFigures> | undefined;
}): MetricsEndpoint {
  const { path, isPublic, meter, system, services, listening } = parts;
  const transports = () =>
    (['tcp', 'quic', 'websocket', 'http'] as const).flatMap((transport) => {
      const listener = listening[transport];
      listener?.countTraffic?.();
      return listener ? [{ transport, connections: listener.connections.size, traffic: services.traffic[transport] }] : [];
    });
  const endpoint: MetricsEndpoint = {
    path,
    isPublic,
    meter,
    requests: 0,
    scrape: new Scrape([
      // First, so that the others find what the workers have counted.
      async () => {
        await parts.pool?.gather();
        return [];
      },
      () => [single('http_requests', 'counter', 'total count of http_requests.', endpoint.requests)],
      contentMetrics(system, parts),
      engineMetrics(system.engine),
      damageMetrics(system, parts.scrubbed),
      requestMetrics(meter),
      transportMetrics(transports, services.refusedConnections),
      serverMetrics(system, { processStats: parts.processStats, connectionsMax: services.limits.connectionsMax }),
      processMetrics(parts),
      () => [single('galgo_log_lines_dropped', 'counter', 'Log lines that nobody took in time.', parts.logFacts.linesDropped())],
    ]),
  };
  return endpoint;
}

/** Waits until every connection ended; those that take too long are cut. */
async function drained(connections: () => Iterable<OpenConnection>): Promise<void> {
  const deadlineMs = performance.now() + drainTimeoutMs;
  const some = () => [...connections()].length > 0;
  while (some() && performance.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, drainCheckEveryMs));
  for (const connection of connections()) connection.destroy();
}

/** Makes the root user at the first start. Returns its password if that had to be made up. */
async function ensureRootUser(store: MetadataStore, settings: Settings, nowMicros: bigint): Promise<string | undefined> {
  if (store.all('user').some(({ ids }) => ids[0] === rootUserId)) return undefined;
  const given = settings.rootCredentials;
  const password = given?.password ?? randomBytes(16).toString('base64url');
  const row = userRow({
    name: given?.username ?? 'iggy',
    createdAt: nowMicros,
    passwordHash: await new Passwords().hash(password),
    active: true,
    permissions: everyPermission,
  });
  await store.commit([{ put: 'user', ids: [rootUserId], row }]);
  return given === undefined ? password : undefined;
}

function clusterOf(settings: Settings, { tcp, quic, websocket, http }: Listening): ClusterMetadata {
  const port = (listener: Listener | undefined) => Number(listener?.address.split(':').at(-1) ?? 0);
  const node = {
    name: 'iggy-node',
    host: settings.tcp.host,
    tcpPort: port(tcp),
    quicPort: port(quic),
    httpPort: port(http),
    websocketPort: port(websocket),
    role: ClusterNodeRole.leader,
    status: ClusterNodeStatus.healthy,
  };
  return { name: 'single-node', nodes: [node] };
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
