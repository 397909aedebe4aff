// `galgo server`: from arguments to a running server, and down again.

import { ConfigurationError, type LoadedSettings, loadSettings } from '../config/load-settings.ts';
import { serviceManager } from '../config/service-manager.ts';
import { LogOutput } from '../observability/log-output.ts';
import { createLogger, type Logger } from '../observability/logger.ts';
import { RecentLines } from '../observability/recent-lines.ts';
import type { LogExport } from '../observability/telemetry/log-export.ts';
import { EncryptionKeyError } from '../storage/encryption-keys.ts';
import { DataFolderError, openDataFolder } from './data-folder.ts';
import { writeEffectiveConfig } from './effective-config.ts';
import type { LogFacts, RunningServer, StartServer } from './running-server.ts';
import { type Notify, ServiceNotifier } from './service-notifier.ts';
import { watchForShutdown } from './shutdown.ts';
import { startNotice } from './start-notice.ts';

export interface ServerCommand {
  startServer: StartServer;
  /** Loads what talks to the service manager; called under one only. */
  loadNotify: () => Promise<Notify>;
  version: string;
  configPath: string | undefined;
  flags: ReadonlyMap<string, string>;
  fresh: boolean;
  withDefaultRootCredentials: boolean;
}

const failedExitCode = 1;
/** Of the log, for snapshots. */
const recentLinesBytesMax = 1024 * 1024;
const standardError = 2;
/** How long the end of the process waits for a reader of the log. */
const lastLinesTimeoutMs = 1_000;

/** Runs the server until it is told to stop; resolves to the exit code. */
export async function runServer(command: ServerCommand): Promise<number> {
  let loaded: LoadedSettings;
  try {
    loaded = loadSettings({
      flags: command.flags,
      ...(command.configPath === undefined ? {} : { configPath: command.configPath }),
      withDefaultRootCredentials: command.withDefaultRootCredentials,
    });
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return failedExitCode;
  }

  const { level, format, bufferBytesMax } = loaded.settings.system.logging;
  const terminal = process.stderr.isTTY === true;
  const recent = new RecentLines(recentLinesBytesMax);
  const logExport = await startLogExport(loaded.settings, command.version);
  const output = new LogOutput(standardError, bufferBytesMax);
  const log = createLogger({
    level,
    format: format === 'auto' ? (terminal ? 'pretty' : 'json') : format,
    output,
    colors: terminal,
    sinks: logExport === undefined ? [recent] : [recent, logExport],
  });
  const lastLines = () => output.end(lastLinesTimeoutMs);
  try {
    return await runLogged(command, loaded, log, { recentText: () => recent.text(), linesDropped: () => output.linesDropped }, lastLines);
  } finally {
    await Promise.all([lastLines(), logExport?.end()]);
  }
}

async function runLogged(
  command: ServerCommand,
  loaded: LoadedSettings,
  log: Logger,
  logFacts: LogFacts,
  lastLines: () => Promise<void>,
): Promise<number> {
  const { settings } = loaded;
  // Before anything that can fail or take long, so that a signal during the start is not lost.
  const shutdown = watchForShutdown(log, lastLines);
  let notifier: ServiceNotifier | undefined;
  let server: RunningServer;
  try {
    log.info({ version: command.version, node: process.version, config: loaded.configFile, path: settings.system.path }, 'starting');
    for (const warning of loaded.warnings) log.warn(warning);
    const manager = serviceManager();
    if (manager) notifier = new ServiceNotifier(manager, await command.loadNotify(), log);
    openDataFolder(settings.system.path, { fresh: command.fresh });
    server = await command.startServer(settings, log, logFacts);
  } catch (error) {
    if (error instanceof DataFolderError || error instanceof EncryptionKeyError) log.fatal(error.message);
    else log.fatal({ err: error }, 'the server cannot start');
    return failedExitCode;
  }

  try {
    writeEffectiveConfig(loaded, server.addresses);
  } catch (error) {
    log.warn({ err: error }, 'the effective configuration could not be written');
  }
  process.stdout.write(startNotice(command.version, settings, server));
  notifier?.ready(`Listening on ${listOf(server.addresses)}`);
  process.on('SIGHUP', () => void server.reloadCertificates());

  const reason = await shutdown.requested;
  const startedAtMs = performance.now();
  log.info({ reason: reason.text }, 'stopping');
  notifier?.stopping();
  try {
    await server.stop();
    log.info({ ms: Math.round(performance.now() - startedAtMs) }, 'stopped');
    return reason.exitCode;
  } catch (error) {
    log.fatal({ err: error }, 'the server did not stop in good order');
    return failedExitCode;
  } finally {
    notifier?.close();
  }
}

/** Undefined: off. What exports is loaded only if it is on. */
async function startLogExport({ telemetry }: LoadedSettings['settings'], version: string): Promise<LogExport | undefined> {
  if (telemetry === undefined) return undefined;
  const module = await import('../observability/telemetry/log-export.ts');
  return module.startLogExport({ serviceName: telemetry.serviceName, version }, telemetry.logsEndpoint);
}

function listOf({ quic, tcp, websocket, http }: RunningServer['addresses']): string {
  const named = Object.entries({ QUIC: quic, TCP: tcp, WebSocket: websocket, HTTP: http });
  return named
    .filter(([, address]) => address !== undefined)
    .map(([name, address]) => `${name} ${address}`)
    .join(', ');
}
