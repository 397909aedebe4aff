// CheckPartition (code 0x47000003, VSR only, not of Iggy): verifies a partition, reopens one that is fenced, and tells how far that is
//   action        u8: 0 tell, 1 verify, 2 reopen, 3 reopen and give up what is damaged
//   stream        identifier
//   topic         identifier
//   partition     u32
// → state         u8: 0 opening, 1 ready, 2 fenced, 3 closed
//   fence         u8: reason (`fenceReasonNames`), 0 none · errno u32
//   check         u8: 0 there was none, 1 waits or is under way, 2 ended, 3 failed
//   action        u8: of that check
//   verified      u64 bytes · of u64 bytes
//   reopened      u8: 0 no, 1 yes
//   given up      u64 messages
//   damages       u32 stretches that were found
//   count         u32 of those that follow, the first ones: {segment u64 · position u32 · bytes u32 · first offset u64 · end offset u64 · errno u32}
//   Bytes that follow belong to later versions and are passed over.
//
// A request with an action other than `tell` begins a check, unless one is under way, and is answered at once: ask again until it has ended.

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';
import { ProtocolError } from '../protocol-error.ts';

export const checkActions = ['tell', 'verify', 'reopen', 'give-up'] as const;
export type CheckAction = (typeof checkActions)[number];

export const partitionStateNames = ['opening', 'ready', 'fenced', 'closed'] as const;
export const checkPhases = ['none', 'running', 'ended', 'failed'] as const;
export const fenceReasonNames = [
  'none',
  'damaged',
  'missing',
  'foreign',
  'sync-failed',
  'cut-failed',
  'purge-failed',
  'gaps-full',
  'io-error',
] as const;

export interface CheckPartitionRequest {
  action: CheckAction;
  stream: Identifier;
  topic: Identifier;
  partition: number;
}

export interface FoundDamage {
  /** First offset of the segment. */
  segment: bigint;
  /** In the segment's log. */
  position: number;
  bytes: number;
  firstOffset: bigint;
  /** Not damaged itself. */
  endOffset: bigint;
  /** 0: the bytes can be read, and are wrong. */
  errno: number;
}

export interface CheckedPartition {
  state: (typeof partitionStateNames)[number];
  fenceReason: (typeof fenceReasonNames)[number];
  fenceErrno: number;
  phase: (typeof checkPhases)[number];
  action: CheckAction;
  bytesVerified: bigint;
  bytesTotal: bigint;
  reopened: boolean;
  messagesGivenUp: bigint;
  damagesCount: number;
  damages: FoundDamage[];
}

const damageBytes = 36;

export const checkPartition: Command<CheckPartitionRequest, CheckedPartition> = {
  name: 'CheckPartition',
  code: 0x4700_0003,
  operation: Operation.nonReplicated,

  encodeRequest(writer, { action, stream, topic, partition }) {
    writer.u8(checkActions.indexOf(action));
    writeIdentifier(writer, stream);
    writeIdentifier(writer, topic);
    writer.u32(partition);
  },

  decodeRequest(reader) {
    return {
      action: named(checkActions, reader.u8()),
      stream: readIdentifier(reader),
      topic: readIdentifier(reader),
      partition: reader.u32(),
    };
  },

  encodeReply(writer, reply) {
    writer.u8(partitionStateNames.indexOf(reply.state)).u8(fenceReasonNames.indexOf(reply.fenceReason)).u32(reply.fenceErrno);
    writer.u8(checkPhases.indexOf(reply.phase)).u8(checkActions.indexOf(reply.action));
    writer.u64(reply.bytesVerified).u64(reply.bytesTotal);
    writer.u8(reply.reopened ? 1 : 0).u64(reply.messagesGivenUp);
    writer.u32(reply.damagesCount).u32(reply.damages.length);
    for (const { segment, position, bytes, firstOffset, endOffset, errno } of reply.damages) {
      writer.u64(segment).u32(position).u32(bytes).u64(firstOffset).u64(endOffset).u32(errno);
    }
  },

  decodeReply(reader) {
    const fixed = {
      state: named(partitionStateNames, reader.u8()),
      fenceReason: named(fenceReasonNames, reader.u8()),
      fenceErrno: reader.u32(),
      phase: named(checkPhases, reader.u8()),
      action: named(checkActions, reader.u8()),
      bytesVerified: reader.u64(),
      bytesTotal: reader.u64(),
      reopened: reader.u8() !== 0,
      messagesGivenUp: reader.u64(),
      damagesCount: reader.u32(),
    };
    const count = reader.u32();
    if (count * damageBytes > reader.remaining) throw new ProtocolError('invalid-format', `${count} damages`);
    const damages = Array.from({ length: count }, () => ({
      segment: reader.u64(),
      position: reader.u32(),
      bytes: reader.u32(),
      firstOffset: reader.u64(),
      endOffset: reader.u64(),
      errno: reader.u32(),
    }));
    return { ...fixed, damages };
  },
};

function named<Name extends string>(names: readonly Name[], index: number): Name {
  const name = names[index];
  if (name === undefined) throw new ProtocolError('invalid-command', `there is no ${index}`);
  return name;
}
