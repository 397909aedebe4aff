// `galgo bench`: from arguments to a benchmark that was run, shown and written down, and `galgo bench compare` for two of those.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type GivenOptions, planOf } from '../bench/plan/plan.ts';
import { UsageError } from '../bench/plan/usage-error.ts';
import { comparisonPage } from '../bench/report/comparison-page.ts';
import { createProgressView } from '../bench/report/progress-view.ts';
import { resultPage } from '../bench/report/result-page.ts';
import { comparisonTable, resultTable } from '../bench/report/tables.ts';
import { compareResults } from '../bench/result/compare.ts';
import { type BenchResult, parseResult } from '../bench/result/result.ts';
import { runBenchmark } from '../bench/run/run-benchmark.ts';

export interface BenchCommand {
  kind: string;
  options: GivenOptions;
  /** Files to write; `-` is standard output, which then holds no table. */
  jsonPath: string | undefined;
  htmlPath: string | undefined;
  /** Of this package. */
  version: string;
}

const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Resolves to the exit code: 0 only if it came to its end and every count is right. */
export async function runBench({ kind, options, jsonPath, htmlPath, version }: BenchCommand): Promise<number> {
  const stop = new AbortController();
  const interrupt = () => {
    // The second one does not wait.
    if (stop.signal.aborted) process.exit(exitCodes.interrupted);
    process.stderr.write('stopping\n');
    stop.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const progress = createProgressView(process.stderr);
  try {
    const result = await runBenchmark({ plan: planOf(kind, options), version, signal: stop.signal, onProgress: progress.update });
    progress.stop();
    if (result === undefined) return exitCodes.interrupted;
    if (jsonPath !== '-') process.stdout.write(resultTable(result));
    if (jsonPath !== undefined) write(jsonPath, `${JSON.stringify(result)}\n`);
    if (htmlPath !== undefined) write(htmlPath, resultPage(result));
    if (!result.complete) return exitCodes.interrupted;
    return result.check.faults.length === 0 ? exitCodes.done : exitCodes.failed;
  } catch (error) {
    progress.stop();
    return told(error);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

/** Resolves to the exit code. */
export function runCompare(files: readonly [string, string], htmlPath: string | undefined): number {
  try {
    const results = files.map((file) => parseResult(readFileSync(file, 'utf8'), file)) as [BenchResult, BenchResult];
    const names = files.map((file) => path.basename(file)) as [string, string];
    const comparison = compareResults(names, results);
    process.stdout.write(comparisonTable(comparison));
    if (htmlPath !== undefined) write(htmlPath, comparisonPage(comparison, results));
    return exitCodes.done;
  } catch (error) {
    return told(error);
  }
}

function write(file: string, text: string): void {
  if (file === '-') process.stdout.write(text);
  else writeFileSync(file, text);
}

function told(error: unknown): number {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  return error instanceof UsageError ? exitCodes.usage : exitCodes.failed;
}
