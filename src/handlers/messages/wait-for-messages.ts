// WaitForMessages: a poll that is put aside while there is nothing to answer it with. The body's layout is in protocol/commands/wait-for-messages.ts.
//
// The poll itself is carried out once, when the wait is over, with all its checks: what was allowed when it came need not be any more. What can be answered at once is not put
// aside: errors, polls for which there is enough, and those for which there is no room among the waiting.

import { resyncPartition } from '../../protocol/commands/poll-messages.ts';
import { createPollHead, type PollHead, readPollHead } from '../../protocol/commands/poll-messages-head.ts';
import { waitBodyBytesMax, waitPrefixBytes } from '../../protocol/commands/wait-for-messages.ts';
import { ConsumerKind } from '../../protocol/primitives/consumer.ts';
import { PollingKind } from '../../protocol/primitives/polling-strategy.ts';
import { ProtocolError } from '../../protocol/protocol-error.ts';
import type { Engine, PartitionStats } from '../../storage/engine.ts';
import type { ClientRecord } from '../../streaming/clients.ts';
import type { ConsumerGroup } from '../../streaming/consumer-group.ts';
import type { PollWait, WaitEnd } from '../../streaming/poll-waits.ts';
import type { System } from '../../streaming/system.ts';
import { consumerId } from '../consumer-id.ts';
import type { RequestBody, WaitingExchange } from './exchange.ts';
import { failExchange } from './fail.ts';
import type { PollMessages } from './poll-messages.ts';

/** `longestWaitMs`: 0 turns waiting off. */
export function createWaitForMessages(system: System, poll: PollMessages, longestWaitMs: number): (exchange: WaitingExchange) => void {
  const wait = (exchange: WaitingExchange): void => {
    const { bodyStart, end } = exchange;
    const length = end - bodyStart;
    if (length < waitPrefixBytes || length > waitBodyBytesMax) throw new ProtocolError('invalid-command', `${length} bytes`);
    // The request's memory is gone when the wait is over.
    const bytes = Buffer.from(exchange.bytes.subarray(bodyStart, end));
    const body: RequestBody = { bytes, bodyStart: waitPrefixBytes, end: length };
    const waitMs = Math.min(bytes.readUInt32LE(0), longestWaitMs);
    const target = waitMs === 0 ? undefined : targetOf(system, exchange.client, body);
    if (target === undefined) {
      poll(exchange, body);
      return;
    }
    const ended = (reason: WaitEnd): void => {
      exchange.unpark();
      if (reason === 'look') poll(exchange, body);
      else exchange.polledNothing(reason === 'resync' ? resyncPartition : target.partitionId);
    };
    // It would not be told of what changed while it had no poll here.
    if (target.group?.isBehind(exchange.client.id)) {
      exchange.polledNothing(resyncPartition);
      return;
    }
    const messages = Math.max(1, Math.min(bytes.readUInt32LE(4), target.count));
    const { client, request } = exchange;
    const { partition, group } = target;
    const enough = (stats: PartitionStats): boolean => target.available(stats) >= messages;
    const waiting = { client, request, partition, group, waitMs, enough, ended };
    if (system.pollWaits.add(waiting)) exchange.park(() => system.pollWaits.abandon(waiting));
    else poll(exchange, body);
  };

  return (exchange) => {
    try {
      wait(exchange);
    } catch (error) {
      failExchange(system.log, exchange, error);
    }
  };
}

interface Target extends Pick<PollWait, 'partition' | 'group'> {
  partitionId: number;
  /** Most messages that the poll returns. */
  count: number;
  /** Messages that the poll would find. */
  available(stats: PartitionStats): number;
}

/** What a poll would read. Undefined: nothing, since it will be refused, told to synchronise, or has a count of 0. */
function targetOf(system: System, client: ClientRecord, body: RequestBody): Target | undefined {
  const head = createPollHead();
  try {
    readPollHead(body.bytes, body.bodyStart, body.end, head);
    const topic = system.topic(head.stream, head.topic);
    system.users.authorize(client.userId, 'poll-messages', topic.streamId, topic.id);
    const partitionId = head.partition ?? 0;
    const { handle } = topic.partition(partitionId);
    const group = head.consumerKind === ConsumerKind.group ? topic.group(head.consumer) : undefined;
    if (head.count === 0 || (group !== undefined && !mayRead(system, group, client, head.partition))) return undefined;
    const id = group?.id ?? consumerId(system.engine, head.consumer);
    return { partition: handle, partitionId, group, count: head.count, available: availability(system.engine, handle, head, id) };
  } catch (error) {
    if (ProtocolError.is(error)) return undefined;
    throw error;
  }
}

function mayRead(system: System, group: ConsumerGroup, client: ClientRecord, partition: number | undefined): boolean {
  return partition !== undefined && group.partitionForPoll(client.id, partition, system.clock.nowMs(), 'vsr') === partition;
}

/** By a time the first message tells no number of those behind it: one is as good as many. */
function availability(engine: Engine, handle: number, head: PollHead, id: number): (stats: PartitionStats) => number {
  const value = head.valueHigh * 2 ** 32 + head.valueLow;
  const from = (start: number) => (stats: PartitionStats) => stats.nextOffset - Math.max(start, stats.firstOffset);
  switch (head.strategy) {
    case PollingKind.offset:
      // A place beyond the end: the partition was purged, which the client is to see.
      return (stats) => (value > stats.nextOffset ? Number.POSITIVE_INFINITY : from(value)(stats));
    case PollingKind.timestamp:
      return (stats) => (stats.messages > 0 && stats.lastTimestamp >= value ? Number.POSITIVE_INFINITY : 0);
    case PollingKind.first:
    case PollingKind.last:
      return from(0);
    case PollingKind.next:
      return (stats) => {
        const stored = engine.loadOffset(handle, head.consumerKind, id);
        return from(stored === undefined ? 0 : Number(stored) + 1)(stats);
      };
  }
}
