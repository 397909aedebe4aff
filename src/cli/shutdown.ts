// What ends the process: signals, and errors that nobody caught.

import type { Logger } from '../observability/logger.ts';

export interface ShutdownReason {
  text: string;
  exitCode: number;
}

export interface ShutdownWatch {
  /** Resolves with the first reason to stop. */
  readonly requested: Promise<ShutdownReason>;
}

const failedExitCode = 1;
// After an error that nobody caught nothing is certain, not even that a stop comes to its end.
const stopAfterErrorMs = 10_000;

/**
 * Waits for the end. The first SIGTERM or SIGINT asks for a stop in good order, a second one ends the process at once; so does an error that nobody caught, after
 * 10 s for the stop. `lastLines` waits, not for long, until the log is written.
 */
export function watchForShutdown(log: Logger, lastLines: () => Promise<void>): ShutdownWatch {
  let resolve: (reason: ShutdownReason) => void = () => {};
  const requested = new Promise<ShutdownReason>((settle) => {
    resolve = settle;
  });
  let stopping = false;

  const endNow = (text: string) => {
    log.fatal(text);
    void lastLines().finally(() => process.exit(failedExitCode));
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping) return endNow(`${signal} again: not waiting any longer`);
    stopping = true;
    resolve({ text: signal, exitCode: 0 });
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);

  let failed = false;
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught error');
    if (failed) return;
    failed = true;
    setTimeout(() => endNow('the stop after an uncaught error takes too long'), stopAfterErrorMs);
    // A stop that is under way keeps its reason; the exit code is what a supervisor looks at.
    process.exitCode = failedExitCode;
    stopping = true;
    resolve({ text: 'uncaught error', exitCode: failedExitCode });
  });
  return { requested };
}
