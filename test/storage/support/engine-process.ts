// Runs one scenario with an engine of its own, as a process or as a worker thread: what the scenario prints, and whether it ends, is what is tested.

import { parentPort, workerData } from 'node:worker_threads';
import { appendRequest, RunningEngine } from './running-engine.ts';
import { encodeSample, sampleMessages } from './sample-batches.ts';

const scenario = (workerData as string | null) ?? process.argv[2];
const running = new RunningEngine({ inlineAppendBytesMax: 0 });
const handle = await running.open();
const bytes = encodeSample('classic', sampleMessages(1, 100), running.engine.xxh3);

switch (scenario) {
  case 'append and stay open':
    running.engine.append(handle, appendRequest({ bytes }), (completion) => console.log(`appended ${completion.count}`));
    break;
  case 'callback throws':
    running.engine.append(handle, appendRequest({ bytes }), () => {
      throw new Error('thrown by a callback');
    });
    break;
  case 'append and report': {
    const { count } = await running.append(handle, appendRequest({ bytes }));
    await running.stop();
    parentPort?.postMessage({ count });
    break;
  }
  case 'append for ever': {
    const again = (): void => {
      running.engine.append(handle, appendRequest({ bytes }), again);
    };
    for (let i = 0; i < 64; i++) again();
    parentPort?.postMessage({ running: true });
    break;
  }
  case 'exit in flight':
    for (let i = 0; i < 1000; i++) running.engine.append(handle, appendRequest({ bytes }), () => undefined);
    process.exit(7);
    break;
  default:
    throw new Error(`unknown scenario ${scenario}`);
}
