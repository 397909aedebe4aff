// PollMessages: which partition, from where, and what a group must be told. The body's layout is in protocol/commands/poll-messages.ts.

import { resyncPartition } from '../../protocol/commands/poll-messages.ts';
import { createPollHead, readPollHead } from '../../protocol/commands/poll-messages-head.ts';
import { ConsumerKind } from '../../protocol/primitives/consumer.ts';
import { ProtocolError } from '../../protocol/protocol-error.ts';
import { type Completion, EngineStatus, type PollRequest } from '../../storage/engine.ts';
import type { ConsumerGroup } from '../../streaming/consumer-group.ts';
import type { MessageSystem } from '../../streaming/message-system.ts';
import { wireStatus } from '../../streaming/partition.ts';
import { consumerId } from '../consumer-id.ts';
import type { Exchange, RequestBody } from './exchange.ts';
import { failExchange } from './fail.ts';

/** Answers a poll. The body is the exchange's own unless it is given. */
export type PollMessages = (exchange: Exchange, body?: RequestBody) => void;

/** Decode, login, stream and topic, permission, consumer, partition, poll: in the order in which the reference refuses. */
export function createPollMessages(system: MessageSystem): PollMessages {
  const { engine } = system;
  const head = createPollHead();
  const request: PollRequest = {
    generation: 'classic',
    strategy: 1,
    valueLow: 0,
    valueHigh: 0,
    count: 0,
    headroom: 0,
    bytesMax: 0,
    consumerKind: 1,
    consumerId: 0,
    autoCommit: false,
  };

  const poll = (exchange: Exchange, body: RequestBody): void => {
    const { client, generation } = exchange;
    readPollHead(body.bytes, body.bodyStart, body.end, head);
    if (client.userId === undefined) throw new ProtocolError('unauthenticated');
    const topic = system.topic(head.stream, head.topic);
    exchange.topic = topic;
    system.users.authorize(client.userId, 'poll-messages', topic.streamId, topic.id);

    let group: ConsumerGroup | undefined;
    let partitionId = head.partition ?? 0;
    if (head.consumerKind === ConsumerKind.group) {
      group = topic.group(head.consumer);
      if (!group.isMember(client.id)) {
        // A VSR member that lost its place finds out when it synchronises.
        if (generation === 'classic') throw new ProtocolError('consumer-group-member-not-found');
        exchange.polledNothing(resyncPartition);
        return;
      }
      if (generation === 'vsr' && head.partition === undefined)
        throw new ProtocolError('invalid-command', 'a group poll names its partition');
      const assigned = group.partitionForPoll(client.id, head.partition, system.clock.nowMs(), generation);
      if (typeof assigned === 'string') {
        exchange.polledNothing(assigned === 'fenced' && generation === 'vsr' ? resyncPartition : 0);
        return;
      }
      partitionId = assigned;
    }
    const partition = topic.partition(partitionId);

    request.generation = generation;
    request.strategy = head.strategy;
    request.valueLow = head.valueLow;
    request.valueHigh = head.valueHigh;
    request.count = head.count;
    request.headroom = exchange.pollHeadroom;
    request.bytesMax = exchange.pollBytesMax;
    request.consumerKind = head.consumerKind;
    request.consumerId = group?.id ?? consumerId(engine, head.consumer);
    request.autoCommit = head.autoCommit;
    const { autoCommit } = head;
    const answer = (completion: Completion): void => {
      if (completion.count > 0) {
        topic.traffic.delivered(completion.count, completion.length);
        system.traffic.delivered(completion.count, completion.length);
      }
      if (group !== undefined && completion.count > 0) {
        // The member may have lost the partition while the poll ran: then it must not hold it up for the new owner.
        if (group.mayCommit(client.id, partitionId)) group.polled(partitionId, completion.lastOffset);
        if (autoCommit) group.committed(partitionId, completion.lastOffset);
      }
      exchange.polled(partitionId, completion);
    };
    const status = engine.poll(partition.handle, request, (completion) => {
      if (completion.status === EngineStatus.ok) answer(completion);
      else exchange.fail(wireStatus(completion.status));
    });
    if (status === EngineStatus.ok) answer(engine.result);
    else if (status !== EngineStatus.queued) exchange.fail(wireStatus(status));
  };

  return (exchange, body = exchange) => {
    try {
      poll(exchange, body);
    } catch (error) {
      failExchange(system.log, exchange, error);
    }
  };
}
