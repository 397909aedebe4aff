// SendMessages: from a request's bytes to the engine, without looking at a message. The body's layout is in protocol/commands/send-messages.ts.

import { createSendHead, readSendHead, type SendHead } from '../../protocol/commands/send-messages-head.ts';
import { requestNumberValue, writeRequestClient } from '../../protocol/frame/vsr.ts';
import { ProtocolError } from '../../protocol/protocol-error.ts';
import { type AppendRequest, type Completion, EngineStatus, noSlot } from '../../storage/engine.ts';
import type { MessageSystem } from '../../streaming/message-system.ts';
import type { MessagePartition, MessageTopic } from '../../streaming/message-topic.ts';
import { wireStatus } from '../../streaming/partition.ts';
import type { Exchange } from './exchange.ts';
import { failExchange } from './fail.ts';

/** Login, head, stream and topic, permission, repeated request, partition, append: in the order in which the reference refuses. */
export function createSendMessages(system: MessageSystem): (exchange: Exchange) => void {
  const { engine } = system;
  const head = createSendHead();
  const request: AppendRequest = {
    generation: 'classic',
    slot: noSlot,
    bytes: Buffer.alloc(0),
    start: 0,
    length: 0,
    count: 0,
    userId: 0,
    headerStart: -1,
  };

  const append = (exchange: Exchange): void => {
    const { bytes, client } = exchange;
    if (client.userId === undefined) throw new ProtocolError('unauthenticated');
    readSendHead(bytes, exchange.bodyStart, exchange.end, exchange.generation, head);
    const topic = system.topic(head.stream, head.topic);
    exchange.topic = topic;
    system.users.authorize(client.userId, 'send-messages', topic.streamId, topic.id);
    // A connection without a session speaks classic, whose requests have no numbers.
    const sends = client.session?.sends;
    const number = sends === undefined ? 0 : numberOf(exchange);
    if (sends?.answer(number, topic, exchange)) return;
    sends?.makeRoom();
    const partition = choosePartition(topic, head, bytes);

    request.generation = exchange.generation;
    request.slot = exchange.slot;
    request.bytes = bytes;
    request.start = head.dataStart;
    request.length = head.dataLength;
    request.count = head.count;
    request.userId = client.userId;
    request.headerStart = exchange.headerStart;
    if (sends !== undefined) writeRequestClient(bytes, exchange.headerStart, sends.clientIdBytes);
    const { dataLength } = head;
    const stored = ({ firstOffset, count }: Completion): void => {
      topic.traffic.received(count, dataLength);
      system.traffic.received(count, dataLength);
      exchange.appended(topic.streamId, topic.id, partition.id, firstOffset);
      sends?.stored(number, topic, partition.id, firstOffset);
    };
    const failed = (status: number): void => {
      exchange.fail(wireStatus(status));
      sends?.failed(number, wireStatus(status));
    };
    const status = engine.append(partition.handle, request, (completion) => {
      if (completion.status === EngineStatus.ok) stored(completion);
      else failed(completion.status);
    });
    if (status === EngineStatus.ok) stored(engine.result);
    else if (status === EngineStatus.queued) sends?.begin(number, topic, partition.id);
    else failed(status);
  };

  const choosePartition = (
    topic: MessageTopic,
    { partitioning, partition, keyStart, keyLength }: SendHead,
    bytes: Buffer,
  ): MessagePartition => {
    if (partitioning === 'partition') return topic.partition(partition);
    if (partitioning === 'balanced') return topic.nextBalancedPartition();
    return topic.partitionOfHash(engine.xxh32(bytes.subarray(keyStart, keyStart + keyLength)));
  };

  const numberOf = ({ bytes, headerStart }: Exchange): number => {
    const number = requestNumberValue(bytes, headerStart);
    if (number > Number.MAX_SAFE_INTEGER) throw new ProtocolError('invalid-command', 'a request number above 2^53');
    return number;
  };

  return (exchange) => {
    try {
      append(exchange);
    } catch (error) {
      failExchange(system.log, exchange, error);
    }
  };
}
