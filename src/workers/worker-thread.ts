// Where a worker's thread begins.

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { startWorker } from './worker.ts';
import type { WorkerData } from './worker-data.ts';

startWorker(parentPort as MessagePort, (workerData as { data: WorkerData }).data);
