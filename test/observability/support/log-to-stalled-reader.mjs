// Writes far more log lines than fit into a pipe and the log's buffer to standard error, says on standard output how that went, ends the log as the server does, and exits. It runs what was built: the compiler that runs sources is a process that shares standard error, and changes how it is written to.

import { writeSync } from 'node:fs';
import { LogOutput } from '../../../dist/observability/log-output.js';
import { createLogger } from '../../../dist/observability/logger.js';

const standardOutput = 1;
const say = (what) => writeSync(standardOutput, `${JSON.stringify(what)}\n`);

const output = new LogOutput(2, 256 * 1024);
const log = createLogger({ level: 'info', format: 'json', output });
let longestStallMs = 0;
for (let round = 0; round < 50; round++) {
  const begunMs = performance.now();
  for (let line = 0; line < 100; line++) log.info({ round, line }, 'x'.repeat(200));
  await new Promise((resolve) => setTimeout(resolve, 1));
  longestStallMs = Math.max(longestStallMs, performance.now() - begunMs);
}
say({ dropped: output.linesDropped, longestStallMs });
const begunMs = performance.now();
await output.end(500);
say({ endedAfterMs: performance.now() - begunMs });
process.exit(0);
