// How far a benchmark is: a bar on a terminal, elsewhere a line from time to time.

import cliProgress from 'cli-progress';
import type { Progress } from '../run/progress.ts';

export interface ProgressView {
  update(progress: Progress): void;
  stop(): void;
}

const lineEveryMs = 5000;
const steps = 1000;

export function createProgressView(out: NodeJS.WritableStream & { isTTY?: boolean }): ProgressView {
  return out.isTTY === true ? bar(out) : lines(out);
}

function bar(out: NodeJS.WritableStream): ProgressView {
  const view = new cliProgress.SingleBar({ stream: out, format: '{phase} {bar} {facts}', hideCursor: true, clearOnComplete: true });
  let started = false;
  return {
    update(progress) {
      if (!started) view.start(steps, 0, { phase: '', facts: '' });
      started = true;
      view.update(Math.round((progress.part ?? 0) * steps), { phase: progress.phase, facts: factsOf(progress) });
    },
    stop: () => view.stop(),
  };
}

function lines(out: NodeJS.WritableStream): ProgressView {
  let saidAtMs = performance.now();
  return {
    update(progress) {
      const now = performance.now();
      if (now - saidAtMs < lineEveryMs) return;
      saidAtMs = now;
      const part = progress.part === undefined ? '' : ` ${Math.round(progress.part * 100)} %,`;
      out.write(`${progress.phase}:${part} ${factsOf(progress)}\n`);
    },
    stop: () => undefined,
  };
}

function factsOf({ messages, bytes, elapsedMs }: Progress): string {
  const seconds = Math.max(0.001, elapsedMs / 1000);
  return `${seconds.toFixed(0)} s, ${messages} messages, ${(bytes / 1e6 / seconds).toFixed(1)} MB/s`;
}
