import type { Settings } from '../config/settings.ts';
import type { Logger } from '../observability/logger.ts';

/** A started server, as the command sees it. */
export interface RunningServer {
  /** Where each transport listens, `host:port`; undefined when it is off. */
  readonly addresses: {
    readonly quic: string | undefined;
    readonly tcp: string | undefined;
    readonly websocket: string | undefined;
    readonly http: string | undefined;
  };
  /** SHA-256 of the self-signed certificate, if one is served. */
  readonly selfSignedFingerprint: string | undefined;
  /** Password of the root user if this start has made both. */
  readonly rootPasswordGenerated: string | undefined;
  /** Reads the files of TLS again. Resolves when they are in use, or it was logged why not. */
  reloadCertificates(): Promise<void>;
  /** Takes no more requests, answers those it has, syncs and closes everything. */
  stop(): Promise<void>;
}

/** What the server may tell of its log. */
export interface LogFacts {
  /** The last lines. */
  recentText(): string;
  /** Lines that nobody took in time. */
  linesDropped(): number;
}

/** Resolves when the server answers on every address; rejects with the reason why it does not. */
export type StartServer = (settings: Settings, log: Logger, logFacts: LogFacts) => Promise<RunningServer>;
