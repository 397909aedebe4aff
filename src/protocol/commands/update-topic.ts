// UpdateTopic (code 304, operation 133)
//   stream        identifier
//   topic         identifier
//   settings      compression u8 · expiry u64 · max size u64 · replication u8 (classic only)
//   name          name
//   options       options block to the end of the body (VSR only)
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';
import { readName, writeName } from '../primitives/name.ts';
import {
  readTopicSettingsFields,
  readTopicSettingsOptions,
  type TopicSettings,
  writeTopicSettingsFields,
  writeTopicSettingsOptions,
} from '../primitives/topic-settings.ts';

/**
 * A setting that is neither a field nor an option stays as it is under VSR. The classic wire has no "stays": there a field left undefined is reset to the server's
 * default.
 */
export interface UpdateTopicRequest extends TopicSettings {
  stream: Identifier;
  topic: Identifier;
  name: string;
}

export const updateTopic: Command<UpdateTopicRequest, void> = {
  name: 'UpdateTopic',
  code: 304,
  operation: Operation.updateTopic,

  encodeRequest(writer, request, generation) {
    writeIdentifier(writer, request.stream);
    writeIdentifier(writer, request.topic);
    writeTopicSettingsFields(writer, request, generation);
    writeName(writer, request.name);
    writeTopicSettingsOptions(writer, request, generation);
  },

  decodeRequest(reader, generation) {
    return {
      stream: readIdentifier(reader),
      topic: readIdentifier(reader),
      ...readTopicSettingsFields(reader, generation),
      name: readName(reader),
      options: readTopicSettingsOptions(reader, generation),
    };
  },

  encodeReply() {},
  decodeReply() {},
};
