// What systemd tells a service about itself: sd_notify(3), sd_watchdog_enabled(3).

export interface ServiceManager {
  /** Path of the datagram socket; `@` in front marks the abstract namespace. */
  socketPath: string;
  /** The service must be heard of within this time; undefined without a watchdog. */
  watchdogMs: number | undefined;
}

/** Undefined when the process does not run under a manager that wants to hear from it. */
export function serviceManager(env: NodeJS.ProcessEnv = process.env, pid: number = process.pid): ServiceManager | undefined {
  const socketPath = env.NOTIFY_SOCKET;
  if (!socketPath) return undefined;
  const micros = Number(env.WATCHDOG_USEC);
  const forUs = env.WATCHDOG_PID === undefined || Number(env.WATCHDOG_PID) === pid;
  return { socketPath, watchdogMs: forUs && micros > 0 ? micros / 1000 : undefined };
}
