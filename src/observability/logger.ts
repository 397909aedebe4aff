// Log lines: one JSON object each, or the same made readable for people. They go to standard error, so that standard output holds what a user asked for alone.

import pino from 'pino';
import { prettyFactory } from 'pino-pretty';

export type Logger = pino.Logger;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'off'] as const;
export type LogLevel = (typeof logLevels)[number];
export type LogFormat = 'pretty' | 'json';

export interface LoggerOptions {
  level: LogLevel;
  format: LogFormat;
  /** File descriptor that gets the lines; 2 when left out. */
  fd?: number;
  colors?: boolean;
}

/** A logger and the way to see that its last lines are out. */
export interface LoggerHandle {
  log: Logger;
  /** Writes what is still in memory; call it before the process ends. */
  flush(): void;
}

// A reader that does not read (a stopped terminal, a full pipe) costs lines, not memory and not the event loop.
const pendingBytesMax = 1 << 20;

/** Opens the log. Lines are written behind the caller's back: up to 1 MiB waits in memory for a slow reader, what is above that is dropped. */
export function createLogger(options: LoggerOptions): LoggerHandle {
  const destination = pino.destination({ fd: options.fd ?? 2, sync: false, maxLength: pendingBytesMax });
  const log = pino(
    {
      level: options.level === 'off' ? 'silent' : options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.format === 'json' ? destination : prettyLines(destination, options.colors ?? false),
  );
  return { log, flush: () => destination.flushSync() };
}

function prettyLines(destination: pino.DestinationStream, colors: boolean): pino.DestinationStream {
  const pretty = prettyFactory({ colorize: colors, translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l' });
  return {
    write(line) {
      destination.write(pretty(line) ?? line);
    },
  };
}
