// A thread that attaches itself to the engine of its parent and does what it is told: see attached-engine.test.ts.

import { parentPort, workerData } from 'node:worker_threads';
import { attachEngine } from '../../../src/storage/native-engine.ts';
import { appendRequest, pollRequest, settled } from './running-engine.ts';
import { encodeSample, sampleMessages } from './sample-batches.ts';

const port = parentPort as NonNullable<typeof parentPort>;
const { number, handle, appends } = workerData.data as { number: number; handle: number; appends: number };
const engine = attachEngine(number);
const bytes = encodeSample('classic', sampleMessages(4, 100), engine.xxh3);

port.on('message', (task: 'append' | 'poll' | 'flood' | 'end') => {
  switch (task) {
    case 'append':
      void appendAll().then(() => port.postMessage('appended'));
      break;
    case 'poll':
      // Read here, released by the parent.
      engine.poll(handle, pollRequest({}), () => undefined);
      engine.passSlot(engine.result.slot);
      port.postMessage(engine.result.words.slice());
      break;
    case 'flood':
      // So that requests are under way when the thread ends.
      for (let sent = 0; sent < appends; sent++) engine.append(handle, appendRequest({ bytes, count: 4 }), () => undefined);
      port.postMessage('flooded');
      break;
    case 'end':
      engine.shutdown();
      port.close();
  }
});

async function appendAll(): Promise<void> {
  for (let sent = 0; sent < appends; sent++) {
    const { promise, done } = settling();
    const status = engine.append(handle, appendRequest({ bytes, count: 4 }), done);
    if (status !== 0) await promise;
  }
}

function settling() {
  let done: Parameters<Parameters<typeof settled>[0]>[0] = () => undefined;
  const promise = settled((callback) => {
    done = callback;
  });
  return { promise, done };
}
