// A worker's end of the way to the control thread: passes on what only that thread may answer, and hands the answers to those who wait for them.

import type { MessagePort } from 'node:worker_threads';
import type { Exchange, RequestBody, WaitingExchange } from '../handlers/messages/exchange.ts';
import type { Generation } from '../protocol/command.ts';
import { CompletionRecord } from '../storage/completion-record.ts';
import { type Engine, noSlot } from '../storage/engine.ts';
import type { ClientRecord } from '../streaming/clients.ts';
import type { ControlOutcome } from '../transports/control.ts';
import type { RequestSubject } from '../transports/request-observer.ts';
import type { FromWorker, PollAnswer, ToWorker } from './messages.ts';

interface Command {
  readonly subject: RequestSubject;
  answered(outcome: ControlOutcome): void;
}

interface Poll {
  readonly exchange: Exchange;
  unpark(): void;
}

export class ControlLink {
  readonly #port: MessagePort;
  readonly #engine: Engine;
  readonly #commands = new Map<number, Command>();
  readonly #polls = new Map<number, Poll>();
  #lastRequest = 0;

  constructor(port: MessagePort, engine: Engine) {
    this.#port = port;
    this.#engine = engine;
  }

  post(message: FromWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  /** `subject` gets what the request names. */
  command(client: ClientRecord, generation: Generation, code: number, body: Uint8Array, subject: RequestSubject): Promise<ControlOutcome> {
    const request = this.#nextRequest();
    const { id, presentedClientId } = client;
    const copy = Uint8Array.from(body);
    this.post({ kind: 'command', request, client: id, generation, code, body: copy, presentedClientId }, [copy.buffer]);
    return new Promise((resolve) => this.#commands.set(request, { subject, answered: resolve }));
  }

  poll(exchange: Exchange, body: RequestBody): void {
    this.#passPoll(exchange, body, undefined, () => {});
  }

  /** A poll that may wait: it is put aside until there is an answer. */
  waitingPoll(exchange: WaitingExchange): void {
    const poll = this.#passPoll(exchange, exchange, exchange.request, () => exchange.unpark());
    exchange.park(() => this.post({ kind: 'abandon', poll }));
  }

  outcome({ request, outcome, stream, topic }: ToWorker & { kind: 'outcome' }): void {
    const command = this.#commands.get(request);
    if (command === undefined) throw new Error(`an outcome of request ${request}, which nobody waits for`);
    this.#commands.delete(request);
    command.subject.stream = stream;
    command.subject.topic = topic;
    command.answered(outcome.kind === 'reply' ? { kind: 'reply', body: Buffer.from(outcome.body.buffer) } : outcome);
  }

  answer({ request, answer }: ToWorker & { kind: 'answer' }): void {
    const poll = this.#polls.get(request);
    if (poll === undefined) throw new Error(`an answer to poll ${request}, which nobody waits for`);
    this.#polls.delete(request);
    poll.unpark();
    this.#give(poll.exchange, answer);
  }

  #give(exchange: Exchange, answer: PollAnswer): void {
    if (answer.kind === 'failed') exchange.fail(answer.status);
    else if (answer.kind === 'nothing') exchange.polledNothing(answer.partitionId);
    else {
      const completion = new CompletionRecord(answer.record.buffer, 0);
      if (completion.slot !== noSlot) this.#engine.takeSlot(completion.slot);
      exchange.polled(answer.partitionId, completion);
    }
  }

  #passPoll(exchange: Exchange, { bytes, bodyStart, end }: RequestBody, waits: bigint | undefined, unpark: () => void): number {
    const request = this.#nextRequest();
    const { client, generation, pollHeadroom: headroom, pollBytesMax: bytesMax } = exchange;
    const body = Uint8Array.from(bytes.subarray(bodyStart, end));
    this.#polls.set(request, { exchange, unpark });
    this.post({ kind: 'poll', request, client: client.id, generation, body, headroom, bytesMax, waits }, [body.buffer]);
    return request;
  }

  #nextRequest(): number {
    this.#lastRequest = (this.#lastRequest + 1) % Number.MAX_SAFE_INTEGER;
    return this.#lastRequest;
  }
}
