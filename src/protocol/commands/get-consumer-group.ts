// GetConsumerGroup (code 600)
//   stream        identifier
//   topic         identifier
//   group         identifier
// → consumer group details; empty when there is no such group

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type ConsumerGroupDetails, readConsumerGroupDetails, writeConsumerGroupDetails } from '../primitives/consumer-group-summary.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';

export interface GetConsumerGroupRequest {
  stream: Identifier;
  topic: Identifier;
  group: Identifier;
}

export const getConsumerGroup: Command<GetConsumerGroupRequest, ConsumerGroupDetails | undefined> = {
  name: 'GetConsumerGroup',
  code: 600,
  operation: Operation.nonReplicated,

  encodeRequest(writer, request) {
    writeIdentifier(writer, request.stream);
    writeIdentifier(writer, request.topic);
    writeIdentifier(writer, request.group);
  },

  decodeRequest(reader) {
    return { stream: readIdentifier(reader), topic: readIdentifier(reader), group: readIdentifier(reader) };
  },

  encodeReply(writer, group) {
    if (group !== undefined) writeConsumerGroupDetails(writer, group);
  },

  decodeReply(reader) {
    return reader.remaining === 0 ? undefined : readConsumerGroupDetails(reader);
  },
};
