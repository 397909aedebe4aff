// GetSnapshot (code 11)
//   compression   u8: 1 stored, 2 deflated, 3 bzip2, 4 zstd, 5 lzma, 6 xz
//   types         u8 count · count × u8: 1 to 6, 100 all
// → ZIP archive to the end of the body

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { readMember, SnapshotCompression, SnapshotType } from '../primitives/enumerations.ts';

export interface GetSnapshotRequest {
  compression: SnapshotCompression;
  /** At most 255; none asks for an empty archive. */
  types: SnapshotType[];
}

export const getSnapshot: Command<GetSnapshotRequest, Uint8Array> = {
  name: 'GetSnapshot',
  code: 11,
  operation: Operation.nonReplicated,

  encodeRequest(writer, request) {
    if (request.types.length > 255) throw new RangeError(`${request.types.length} snapshot types do not fit a one-byte count`);
    writer.u8(request.compression).u8(request.types.length);
    for (const type of request.types) writer.u8(type);
  },

  decodeRequest(reader) {
    const compression = readMember(reader, SnapshotCompression, 'snapshot compression');
    const types: SnapshotType[] = [];
    for (let left = reader.u8(); left > 0; left--) types.push(readMember(reader, SnapshotType, 'snapshot type'));
    return { compression, types };
  },

  encodeReply(writer, archive) {
    writer.put(archive);
  },

  decodeReply(reader) {
    return reader.take(reader.remaining);
  },
};
