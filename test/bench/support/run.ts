// Benchmarks for tests: run from the build, whose threads need no compiler, with the server's streams looked at before and after.

import assert from 'node:assert/strict';
import { type GivenOptions, planOf } from '../../../src/bench/plan/plan.ts';
import { type BenchResult, parseResult, type RoleResult } from '../../../src/bench/result/result.ts';
import type * as built from '../../../src/bench/run/run-benchmark.ts';
import { connect } from '../../../src/client/index.ts';

const { runBenchmark } = (await import(new URL('../../../dist/bench/run/run-benchmark.js', import.meta.url).href)) as typeof built;

/** Runs it to its end; checks the result against its schema, and that the counts add up. */
export async function benchmark(kind: string, options: GivenOptions): Promise<BenchResult> {
  const result = await runBenchmark({
    plan: planOf(kind, options),
    version: '0',
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  assert.ok(result);
  assert.deepEqual(result.check.faults, []);
  assert.equal(result.complete, true);
  return parseResult(JSON.stringify(result), 'the result');
}

export function roleOf(result: BenchResult, name: RoleResult['role']): RoleResult {
  const role = result.roles.find((each) => each.role === name);
  assert.ok(role, `a role ${name}`);
  return role;
}

export async function streamNames(address: string): Promise<string[]> {
  const client = await connect(`iggy://iggy:iggy@${address}`);
  try {
    return (await client.streams.list()).map(({ name }) => name);
  } finally {
    await client.close();
  }
}
