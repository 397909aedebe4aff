// Writes a line of a worker's log as one of the control thread's, which alone has the outputs.

import type { Logger } from '../observability/logger.ts';

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** `line`: JSON as the worker's logger made it, with `level` and `msg`. */
export function relayLogLine(log: Logger, line: string): void {
  const { level, time: _, msg, ...fields } = JSON.parse(line) as { level: Level; time: string; msg?: string };
  log[level](fields, msg);
}
