// A thread that sends through one connection: for a while unmeasured, then for a while measured.

import { parentPort, workerData } from 'node:worker_threads';
import { rivals } from './rivals.ts';

export interface SendTask {
  rival: string;
  address: string;
  name: string;
  batch: number;
  size: number;
  warmupMs: number;
  measureMs: number;
}

const { rival, address, name, batch, size, warmupMs, measureMs } = workerData as SendTask;
const client = await (rivals.find((each) => each.name === rival) as (typeof rivals)[number]).connect(address);
const payloads = Array.from({ length: batch }, (_, index) => Buffer.alloc(size, 65 + (index % 26)));
const sendUntil = async (endMs: number) => {
  let sent = 0;
  while (performance.now() < endMs) {
    await client.send(name, payloads);
    sent += batch;
  }
  return sent;
};
await sendUntil(performance.now() + warmupMs);
const beganMs = performance.now();
const messages = await sendUntil(beganMs + measureMs);
parentPort?.postMessage((messages * 1000) / (performance.now() - beganMs));
await client.close();
