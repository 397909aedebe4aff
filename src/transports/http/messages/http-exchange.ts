// A send or a poll of an HTTP request, as the handlers of messages see one: the bytes of a classic frame, and a promise as the answer.

import type { Exchange } from '../../../handlers/messages/exchange.ts';
import type { Generation } from '../../../protocol/command.ts';
import { type PollMessagesRequest, pollMessages } from '../../../protocol/commands/poll-messages.ts';
import type { Writer } from '../../../protocol/writer.ts';
import { type Completion, noSlot } from '../../../storage/engine.ts';
import type { ClientRecord } from '../../../streaming/clients.ts';
import type { TransportServices } from '../../services.ts';
import { failureOfStatus } from '../request/failure.ts';

export interface Appended {
  readonly streamId: number;
  readonly topicId: number;
  readonly partitionId: number;
  readonly baseOffset: number;
}

export interface PollServices extends TransportServices {
  /** Polls are written into it one after the other: their bytes are read at once. */
  readonly pollWriter: Writer;
}

/** What a poll found. The bytes are those of a reply after its prefix, in the client's generation, and are gone when the function that takes it returns. */
export interface Polled {
  readonly generation: Generation;
  readonly partitionId: number;
  readonly currentOffset: number;
  readonly lastOffset: number;
  readonly count: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Most bytes of messages in one reply, apart from a single message that is larger. */
const pollBytesMax = 4 * 1024 * 1024;
const noBytes = Buffer.alloc(0);

/** `body` is that of a classic SendMessages. Rejects with what it is refused with. */
export function send(services: TransportServices, client: ClientRecord, body: Buffer): Promise<Appended> {
  return new Promise((resolve, reject) => {
    services.sendMessages({
      ...exchangeOf(client, 'classic', body, reject),
      appended: (streamId, topicId, partitionId, baseOffset) => resolve({ streamId, topicId, partitionId, baseOffset }),
    });
  });
}

/** Resolves to what `take` makes of the messages. Rejects with what the poll is refused with. */
export function poll<Result>(
  services: PollServices,
  client: ClientRecord,
  request: PollMessagesRequest,
  take: (polled: Polled) => Result,
): Promise<Result> {
  const generation = client.generation ?? 'classic';
  const writer = services.pollWriter.reset();
  pollMessages.encodeRequest(writer, request, generation);
  return new Promise((resolve, reject) => {
    services.pollMessages({
      ...exchangeOf(client, generation, writer.written, reject),
      polled: (partitionId, completion) => {
        try {
          resolve(take(polledOf(services, generation, partitionId, completion)));
        } catch (error) {
          reject(error);
        } finally {
          if (completion.slot !== noSlot) services.receiveBuffers.releaseHandedOver(completion.slot);
        }
      },
    });
  });
}

function polledOf(services: TransportServices, generation: Generation, partitionId: number, completion: Completion): Polled {
  const { slot, start, length, count, currentOffset, lastOffset } = completion;
  const found = slot !== noSlot;
  return {
    generation,
    partitionId,
    currentOffset,
    lastOffset,
    count: found ? count : 0,
    bytes: found ? services.engine.slotBuffer(slot) : noBytes,
    start: found ? start : 0,
    end: found ? start + length : 0,
  };
}

function exchangeOf(client: ClientRecord, generation: Generation, bytes: Buffer, reject: (error: Error) => void): Exchange {
  const unexpected = () => reject(new Error('an answer of the wrong kind'));
  return {
    generation,
    client,
    bytes,
    slot: noSlot,
    bodyStart: 0,
    end: bytes.length,
    headerStart: -1,
    pollHeadroom: 0,
    pollBytesMax,
    topic: undefined,
    fail: (status) => reject(failureOfStatus(status)),
    appended: unexpected,
    polled: unexpected,
    polledNothing: unexpected,
  };
}
