// Tells the service manager how the server is: sd_notify(3). The watchdog is fed from the event loop, so a loop that no longer turns gets the service restarted.

import type { ServiceManager } from '../config/service-manager.ts';
import type { Logger } from '../observability/logger.ts';

/** Sends one datagram. Returns 0, or the errno of what failed. */
export type Notify = (socketPath: string, message: string) => number;

export class ServiceNotifier {
  readonly #manager: ServiceManager;
  readonly #notify: Notify;
  readonly #log: Logger;
  #watchdog: NodeJS.Timeout | undefined;

  constructor(manager: ServiceManager, notify: Notify, log: Logger) {
    this.#manager = manager;
    this.#notify = notify;
    this.#log = log;
  }

  ready(status: string): void {
    this.#send(`READY=1\nSTATUS=${status}`);
    const { watchdogMs } = this.#manager;
    if (watchdogMs === undefined) return;
    this.#watchdog = setInterval(() => this.#send('WATCHDOG=1'), watchdogMs / 2);
    this.#watchdog.unref();
  }

  /** The watchdog is fed until `close`: a stop may take its time, a stuck one may not. */
  stopping(): void {
    this.#send('STOPPING=1\nSTATUS=Answering what was asked, then closing');
  }

  close(): void {
    clearInterval(this.#watchdog);
  }

  #send(message: string): void {
    const errno = this.#notify(this.#manager.socketPath, message);
    if (errno !== 0) this.#log.warn({ errno, message }, 'the service manager could not be told');
  }
}
