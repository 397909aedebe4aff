// CreateTopic (code 302, operation 132)
//   stream        identifier
//   partitions    u32, how many
//   settings      compression u8 · expiry u64 · max size u64 · replication u8 (classic only)
//   name          name
//   options       options block to the end of the body (VSR only)
// → topic details

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';
import { readName, writeName } from '../primitives/name.ts';
import { readTopicDetails, type TopicDetails, writeTopicDetails } from '../primitives/topic-header.ts';
import {
  readTopicSettingsFields,
  readTopicSettingsOptions,
  type TopicSettings,
  writeTopicSettingsFields,
  writeTopicSettingsOptions,
} from '../primitives/topic-settings.ts';

/** A setting that is neither a field nor an option takes the server's default. */
export interface CreateTopicRequest extends TopicSettings {
  stream: Identifier;
  partitionsCount: number;
  name: string;
}

export const createTopic: Command<CreateTopicRequest, TopicDetails> = {
  name: 'CreateTopic',
  code: 302,
  operation: Operation.createTopic,

  encodeRequest(writer, request, generation) {
    writeIdentifier(writer, request.stream);
    writer.u32(request.partitionsCount);
    writeTopicSettingsFields(writer, request, generation);
    writeName(writer, request.name);
    writeTopicSettingsOptions(writer, request, generation);
  },

  decodeRequest(reader, generation) {
    return {
      stream: readIdentifier(reader),
      partitionsCount: reader.u32(),
      ...readTopicSettingsFields(reader, generation),
      name: readName(reader),
      options: readTopicSettingsOptions(reader, generation),
    };
  },

  encodeReply: writeTopicDetails,
  decodeReply: readTopicDetails,
};
