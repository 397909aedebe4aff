// DescribeOptions (code 13, VSR only)
//   scope         u8: 1 topic, 2 stream, 3 user
// → options      u32 count · count × (key u8 length, UTF-8 · kind u8 · default u32 length, bytes · description u32 length, UTF-8)

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { OptionScope, readMember } from '../primitives/enumerations.ts';
import { readName, writeName } from '../primitives/name.ts';

export interface OptionDescription {
  key: string;
  /** See `HeaderKind`. */
  kind: number;
  /** Encoded as `kind` says; empty when there is no default. */
  defaultBytes: Uint8Array;
  description: string;
}

export interface DescribeOptionsRequest {
  scope: OptionScope;
}

export const describeOptions: Command<DescribeOptionsRequest, OptionDescription[]> = {
  name: 'DescribeOptions',
  code: 13,
  operation: Operation.nonReplicated,

  encodeRequest(writer, request) {
    writer.u8(request.scope);
  },

  decodeRequest(reader) {
    return { scope: readMember(reader, OptionScope, 'option scope') };
  },

  encodeReply(writer, options) {
    writer.u32(options.length);
    for (const option of options) {
      writeName(writer, option.key);
      writer.u8(option.kind).u32(option.defaultBytes.length).put(option.defaultBytes).longText(option.description);
    }
  },

  decodeReply(reader) {
    const options: OptionDescription[] = [];
    for (let left = reader.u32(); left > 0; left--) {
      options.push({
        key: readName(reader),
        kind: reader.u8(),
        defaultBytes: reader.take(reader.u32()),
        description: reader.longText(),
      });
    }
    return options;
  },
};
