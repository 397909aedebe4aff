import { ProtocolError } from '../../../src/protocol/protocol-error.ts';

/** Predicate for `assert.throws`: a ProtocolError with this status. */
export function hasStatus(status: number): (error: unknown) => boolean {
  return (error) => ProtocolError.is(error) && error.status === status;
}
