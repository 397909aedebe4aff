// Consumer session (VSR, clusters)
//   client        u128
//   session       u64
//   watermark     u64: metadata that the answering node must have applied

import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';

/** The session that owns a consumer's group memberships. */
export interface ConsumerSession {
  client: bigint;
  session: bigint;
  watermark: bigint;
}

export function readConsumerSession(reader: Reader): ConsumerSession {
  return { client: reader.u128(), session: reader.u64(), watermark: reader.u64() };
}

export function writeConsumerSession(writer: Writer, session: ConsumerSession): void {
  writer.u128(session.client).u64(session.session).u64(session.watermark);
}
