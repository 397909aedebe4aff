// Log lines: one JSON object each, or the same made readable for people. They go to standard error, so that standard output holds what a user asked for alone.

import pino from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { LogOutput } from './log-output.ts';

export type Logger = pino.Logger;

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'off';
export type LogFormat = 'pretty' | 'json';

/** Gets each line as JSON with its line feed, also those that the output drops. */
export interface LineSink {
  add(line: string): void;
}

export interface LoggerOptions {
  level: LogLevel;
  format: LogFormat;
  /** Undefined: lines go to the sinks alone. */
  output: LogOutput | undefined;
  colors?: boolean;
  sinks?: readonly LineSink[];
}

/** Opens the log. A line is on its way when the call returns; `LogOutput.end` waits until it is written. */
export function createLogger(options: LoggerOptions): Logger {
  const { output, sinks = [] } = options;
  const write =
    output === undefined
      ? () => {}
      : options.format === 'json'
        ? (line: string) => output.write(line)
        : prettyLines(output, options.colors ?? false);
  const log = pino(
    {
      level: options.level === 'off' ? 'silent' : options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write(line: string) {
        for (const sink of sinks) sink.add(line);
        write(line);
      },
    },
  );
  if (output !== undefined) output.onDropped = (lines) => log.warn({ lines }, 'log lines were dropped: whoever reads the log was too slow');
  return log;
}

/** For those who want no log. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' }, { write() {} });
}

function prettyLines(output: LogOutput, colors: boolean): (line: string) => void {
  const pretty = prettyFactory({ colorize: colors, translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l' });
  return (line) => output.write(pretty(line) ?? line);
}
