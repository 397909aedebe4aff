// A VSR client whose requests do not wait for each other: every reply finds its request by the number that it echoes.

import type { Command } from '../../src/protocol/command.ts';
import { Reader } from '../../src/protocol/reader.ts';
import { Writer } from '../../src/protocol/writer.ts';
import { type RawClient, type RawReply, StatusError } from './raw-client.ts';

/** Reads need not be numbered in a row; from here on they cannot be taken for writes. */
const firstReadNumber = 1_000_000n;

export interface Pending<Reply> {
  /** Number of the request. */
  readonly number: bigint;
  readonly reply: Promise<Reply>;
}

export class Multiplexed {
  readonly client: RawClient;
  readonly #waiting = new Map<bigint, (reply: RawReply) => void>();
  #lastRead = firstReadNumber;

  /** `client` is logged in, and used through this object alone from now on. */
  constructor(client: RawClient) {
    this.client = client;
  }

  /** A command under operation 2. The reply rejects with StatusError, or when the connection ends. */
  begin<Request, Reply>(command: Command<Request, Reply>, request: Request): Pending<Reply> {
    const writer = new Writer();
    command.encodeRequest(writer, request, 'vsr');
    return this.beginRaw(command, writer.written);
  }

  /** The same with a body as it is. */
  beginRaw<Reply>(command: Pick<Command<never, Reply>, 'code' | 'decodeReply'>, body: Uint8Array): Pending<Reply> {
    const number = ++this.#lastRead;
    const answered = new Promise<RawReply>((resolve) => this.#waiting.set(number, resolve));
    // A reply is whosever it is: the rejection of the end concerns all that wait.
    const ended = this.client.exchange(this.client.vsrFrame(2, body, { code: command.code, request: number })).then((reply) => {
      if (reply.request !== undefined) this.#waiting.get(reply.request)?.(reply);
      return answered;
    });
    const reply = Promise.race([answered, ended]).then((raw) => {
      this.#waiting.delete(number);
      if (raw.status !== 0) throw new StatusError(raw.status);
      return command.decodeReply(new Reader(raw.body), 'vsr');
    });
    reply.catch(() => undefined);
    return { number, reply };
  }

  call<Request, Reply>(command: Command<Request, Reply>, request: Request): Promise<Reply> {
    return this.begin(command, request).reply;
  }
}
