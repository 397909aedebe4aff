import type { Settings } from '../config/settings.ts';
import type { Logger } from '../observability/logger.ts';

/** A started server, as the command sees it. */
export interface RunningServer {
  /** Where each transport listens, `host:port`; undefined when it is off. */
  readonly addresses: { readonly tcp: string | undefined };
  /** Password of the root user if this start has made both. */
  readonly rootPasswordGenerated: string | undefined;
  /** Takes no more requests, answers those it has, syncs and closes everything. */
  stop(): Promise<void>;
}

/** Resolves when the server answers on every address; rejects with the reason why it does not. */
export type StartServer = (settings: Settings, log: Logger) => Promise<RunningServer>;
