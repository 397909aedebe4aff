// GetConsumerGroups (code 601)
//   stream        identifier
//   topic         identifier
// → consumer groups to the end of the body

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type ConsumerGroupSummary, readConsumerGroupSummary, writeConsumerGroupSummary } from '../primitives/consumer-group-summary.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';

export interface GetConsumerGroupsRequest {
  stream: Identifier;
  topic: Identifier;
}

export const getConsumerGroups: Command<GetConsumerGroupsRequest, ConsumerGroupSummary[]> = {
  name: 'GetConsumerGroups',
  code: 601,
  operation: Operation.nonReplicated,

  encodeRequest(writer, request) {
    writeIdentifier(writer, request.stream);
    writeIdentifier(writer, request.topic);
  },

  decodeRequest(reader) {
    return { stream: readIdentifier(reader), topic: readIdentifier(reader) };
  },

  encodeReply(writer, groups) {
    for (const group of groups) writeConsumerGroupSummary(writer, group);
  },

  decodeReply(reader) {
    const groups: ConsumerGroupSummary[] = [];
    while (reader.remaining > 0) groups.push(readConsumerGroupSummary(reader));
    return groups;
  },
};
