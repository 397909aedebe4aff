// How far an import is: a bar on a terminal, elsewhere a line from time to time.

import cliProgress from 'cli-progress';
import type { ImportProgress } from '../import/import-folder.ts';

export interface ProgressView {
  update(progress: ImportProgress): void;
  stop(): void;
}

const lineEveryMs = 5000;
const bytesPerMegabyte = 1_000_000;

/** `nowMs` is a clock that does not stand still. */
export function createImportProgress(
  out: NodeJS.WritableStream & { isTTY?: boolean },
  nowMs: () => number = () => performance.now(),
): ProgressView {
  return out.isTTY === true ? bar(out, nowMs) : lines(out, nowMs);
}

function bar(out: NodeJS.WritableStream, nowMs: () => number): ProgressView {
  const startedAtMs = nowMs();
  const view = new cliProgress.SingleBar({
    stream: out,
    format: '{bar} {percentage} %  {done} of {all} MB  {messages} messages  {rate} MB/s',
    hideCursor: true,
  });
  const facts = (progress: ImportProgress) => ({
    done: megabytes(progress.bytesDone),
    all: megabytes(progress.bytesTotal),
    messages: progress.messages,
    rate: rate(progress.bytesDone, nowMs() - startedAtMs),
  });
  let started = false;
  return {
    update(progress) {
      // An import without messages is done at once.
      if (!started) view.start(Math.max(1, progress.bytesTotal), 0, facts(progress));
      started = true;
      view.update(progress.bytesTotal === 0 ? 1 : progress.bytesDone, facts(progress));
    },
    stop: () => view.stop(),
  };
}

function lines(out: NodeJS.WritableStream, nowMs: () => number): ProgressView {
  const startedAtMs = nowMs();
  let saidAtMs = startedAtMs;
  return {
    update({ bytesDone, bytesTotal, messages }) {
      const now = nowMs();
      if (now - saidAtMs < lineEveryMs) return;
      saidAtMs = now;
      const done = `${megabytes(bytesDone)} of ${megabytes(bytesTotal)} MB`;
      out.write(`${done}, ${messages} messages, ${rate(bytesDone, now - startedAtMs)} MB/s\n`);
    },
    stop() {},
  };
}

function megabytes(bytes: number): string {
  return (bytes / bytesPerMegabyte).toFixed(1);
}

/** Megabytes a second. */
export function rate(bytes: number, elapsedMs: number): string {
  return ((bytes / bytesPerMegabyte / Math.max(1, elapsedMs)) * 1000).toFixed(1);
}
