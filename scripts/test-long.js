// Runs the long forms of the tests that try many cases: node scripts/test-long.js. What each of them proves is in docs/reliability.md. Needs cmake and GoogleTest.
//
// Variables that are set already are kept, so that `TEST_CRASH_RUNS=100000 npm run test:long` runs that one longer.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const longForms = {
  TEST_CRASH_RUNS: '10000',
  TEST_DAMAGE: 'all',
  TEST_FAULTS: 'all',
  TEST_REPAIRS: 'all',
  TEST_MODEL_RUNS: '500',
  TEST_KILLS: '60',
  TEST_PEERS: '10000',
  TEST_SOAK_SECONDS: '1800',
  TEST_API_EXAMPLES: '100',
};
// A file of tests that takes longer hangs.
const fileTimeoutMs = 2_400_000;
const env = { ...longForms, ...process.env };

function run(program, ...args) {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit', cwd: root, env });
  if (error) console.error(`${program} could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

run('cmake', '-S', 'native', '-B', 'build-native');
run('cmake', '--build', 'build-native', '-j', '2', '--target', 'simulated_crash_test', 'damage_test', 'fault_injection_test');
for (const mode of ['buffered', 'direct']) {
  env.GALGO_TEST_IO = mode;
  for (const test of ['simulated_crash_test', 'damage_test', 'fault_injection_test']) run(`build-native/${test}`);
}
const suites = [
  'test/storage/model.test.ts',
  'test/crash/kill-loop.test.ts',
  'test/crash/client-kills.test.ts',
  'test/transports/quic-hardening.test.ts',
  'test/soak/connections.test.ts',
  'test/http/schemathesis.test.ts',
];
run(
  process.execPath,
  '--import',
  'tsx',
  '--test',
  '--test-reporter=spec',
  '--test-concurrency=1',
  `--test-timeout=${fileTimeoutMs}`,
  ...suites,
);
