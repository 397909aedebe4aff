// Log lines: one JSON object each, or the same made readable for people. They go to standard error, so that standard output holds what a user asked for alone.

import pino from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { RecentLines } from './recent-lines.ts';

export type Logger = pino.Logger;

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'off';
export type LogFormat = 'pretty' | 'json';

export interface LoggerOptions {
  level: LogLevel;
  format: LogFormat;
  /** File descriptor that gets the lines; 2 when left out. */
  fd?: number;
  colors?: boolean;
  /** Gets each line too, as JSON. */
  recent?: RecentLines;
}

/**
 * Opens the log. A line is written before the call returns, so the last words of a process are never lost. A reader that is gone ends the log, not the server.
 */
export function createLogger(options: LoggerOptions): Logger {
  const destination = pino.destination({ fd: options.fd ?? 2, sync: true });
  return pino(
    {
      level: options.level === 'off' ? 'silent' : options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    withRecent(options.recent, options.format === 'json' ? destination : prettyLines(destination, options.colors ?? false)),
  );
}

/** For those who want no log. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' }, { write() {} });
}

function withRecent(recent: RecentLines | undefined, destination: pino.DestinationStream): pino.DestinationStream {
  if (recent === undefined) return destination;
  return {
    write(line) {
      recent.add(line);
      destination.write(line);
    },
  };
}

function prettyLines(destination: pino.DestinationStream, colors: boolean): pino.DestinationStream {
  const pretty = prettyFactory({ colorize: colors, translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l' });
  return {
    write(line) {
      destination.write(pretty(line) ?? line);
    },
  };
}
