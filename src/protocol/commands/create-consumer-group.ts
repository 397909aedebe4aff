// CreateConsumerGroup (code 602, operation 139)
//   stream        identifier
//   topic         identifier
//   name          name
// → consumer group

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type ConsumerGroupSummary, readConsumerGroupSummary, writeConsumerGroupSummary } from '../primitives/consumer-group-summary.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';
import { readName, writeName } from '../primitives/name.ts';

export interface CreateConsumerGroupRequest {
  stream: Identifier;
  topic: Identifier;
  name: string;
}

export const createConsumerGroup: Command<CreateConsumerGroupRequest, ConsumerGroupSummary> = {
  name: 'CreateConsumerGroup',
  code: 602,
  operation: Operation.createConsumerGroup,

  encodeRequest(writer, request) {
    writeIdentifier(writer, request.stream);
    writeIdentifier(writer, request.topic);
    writeName(writer, request.name);
  },

  decodeRequest(reader) {
    return { stream: readIdentifier(reader), topic: readIdentifier(reader), name: readName(reader) };
  },

  encodeReply: writeConsumerGroupSummary,
  decodeReply: readConsumerGroupSummary,
};
