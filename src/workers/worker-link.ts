// The control thread's end of one worker: the thread, what is sent to it, and the clients that it serves.

import type { EventLoopUtilization } from 'node:perf_hooks';
import type { MessagePort, Worker } from 'node:worker_threads';
import type { LateSend, WindowBorrower } from '../streaming/send-windows.ts';
import type { ForwardedPoll } from './forwarded-poll.ts';
import type { ToWorker } from './messages.ts';
import type { RemoteClient } from './remote-client.ts';
import type { SharedMemory } from './shared-memory.ts';

export class WorkerLink implements WindowBorrower {
  readonly number: number;
  readonly clients = new Map<number, RemoteClient>();
  /** Polls that may wait, by their request's number. */
  readonly waitingPolls = new Map<number, ForwardedPoll>();
  readonly #worker: Worker;
  readonly #memory: SharedMemory;
  readonly #untold: (() => void)[] = [];
  #stoppingConnections = false;
  #destroyingConnections = false;

  constructor(number: number, worker: Worker, memory: SharedMemory) {
    this.number = number;
    this.#worker = worker;
    this.#memory = memory;
  }

  post(message: ToWorker, transfer: readonly (ArrayBuffer | MessagePort)[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** As `performance.eventLoopUtilization` of the thread. */
  eventLoopUtilisation(now?: EventLoopUtilization, before?: EventLoopUtilization): EventLoopUtilization {
    return this.#worker.performance.eventLoopUtilization(now, before);
  }

  /** What is posted next with this epoch keeps the worker from handling anything before it has arrived. */
  raiseEpoch(): number {
    return this.#memory.raiseEpoch(this.number);
  }

  /** Resolves when what the worker has counted until now has been added here, or the thread has ended. */
  gather(): Promise<void> {
    this.post({ kind: 'tell' });
    return new Promise((resolve) => this.#untold.push(resolve));
  }

  told(): void {
    this.#untold.shift()?.();
  }

  ended(): void {
    for (const resolve of this.#untold.splice(0)) resolve();
  }

  sent(send: LateSend): void {
    this.post({ kind: 'sent', send });
  }

  /** What connections that come now are told at once, since the others have been told. */
  get ends(): 'stop' | 'destroy' | undefined {
    if (this.#destroyingConnections) return 'destroy';
    return this.#stoppingConnections ? 'stop' : undefined;
  }

  /** The server stops, for all connections at once. */
  stopConnections(): void {
    if (this.#stoppingConnections) return;
    this.#stoppingConnections = true;
    this.post({ kind: 'stop-connections' });
  }

  destroyConnections(): void {
    if (this.#destroyingConnections) return;
    this.#destroyingConnections = true;
    this.post({ kind: 'destroy-connections' });
  }
}
