// Iggy 0.9: every request has a number, and replies may overtake each other.
//
// Writes count 1, 2, 3 … over the life of the client, not of the connection: together with the client's id the number tells a server that it has seen a request before. Reads
// have a row of numbers of their own, so that each is matched by its own reply.

import { type RegisterReply, type RegisterRequest, register } from '../../protocol/commands/register.ts';
import { errorCodes } from '../../protocol/errors.ts';
import { readResult } from '../../protocol/frame/result.ts';
import {
  frameBytes,
  frameCommand,
  readEviction,
  replyNumber,
  replyOperationByte,
  replyStatus,
  vsrFrameBytesMax,
  vsrHeaderBytes,
  writeRequestHeader,
} from '../../protocol/frame/vsr.ts';
import { answeredOperation, EvictionReason, evictionName, hasResultSection, Operation, VsrCommand } from '../../protocol/operations.ts';
import { protocolVersion } from '../../protocol/primitives/protocol-version.ts';
import { Reader } from '../../protocol/reader.ts';
import type { Call } from './call.ts';
import { AuthenticationError, type ClientError, ProtocolViolationError, ServerError } from './errors.ts';
import { randomId } from './random-id.ts';
import type { Answer, Credentials, Wire } from './wire.ts';

/** Who the client is to the servers, for as long as it lives. */
export interface VsrIdentity {
  /** 128 bits, random, not 0. */
  readonly clientId: bigint;
  /** Number of the last write. */
  lastWrite: number;
}

export function createVsrIdentity(): VsrIdentity {
  return { clientId: randomId(), lastWrite: 0 };
}

export function createVsrWire(identity: VsrIdentity): Wire {
  const reads = new Map<number, Call>();
  const writes = new Map<number, Call>();
  let lastRead = 0;
  let session = 0n;

  return {
    generation: 'vsr',
    framing: {
      headerBytes: vsrHeaderBytes,
      frameBytes(bytes, at) {
        const total = frameBytes(bytes, at);
        if (total < vsrHeaderBytes || total > vsrFrameBytesMax)
          throw new ProtocolViolationError('protocol-violation', `frame of ${total} bytes`);
        return total;
      },
    },

    begin(call) {
      const { operation, code } = call.command;
      const read = operation === Operation.nonReplicated;
      let number = 0;
      if (read) {
        number = call.number = ++lastRead;
        reads.set(number, call);
      } else {
        if (operation !== Operation.register) number = call.number ||= ++identity.lastWrite;
        writes.set(number, call);
      }
      const header = Buffer.allocUnsafe(vsrHeaderBytes);
      writeRequestHeader(header, 0, {
        client: identity.clientId,
        checksum: 0n,
        request: BigInt(number),
        operation,
        session,
        code: read ? code : 0,
        bodyBytes: call.body.length,
      });
      return header;
    },

    answer(frame): Answer {
      const command = frameCommand(frame, 0);
      if (command === VsrCommand.eviction)
        return { kind: 'ended', error: evictionError(readEviction(frame, 0).reason), refused: undefined };
      if (command !== VsrCommand.reply) throw new ProtocolViolationError('protocol-violation', `frame with command ${command}`);
      const operation = replyOperationByte(frame, 0);
      const number = Number(replyNumber(frame, 0));
      const waiting = operation === Operation.nonReplicated ? reads : writes;
      const call = waiting.get(number);
      if (call === undefined || call.command.operation !== answeredOperation(operation)) return { kind: 'ignored' };
      waiting.delete(number);
      const status = replyStatus(frame, 0);
      const body = frame.subarray(vsrHeaderBytes);
      if (status !== 0 || !hasResultSection(operation)) return { kind: 'reply', call, status, body };
      const reader = new Reader(body);
      return { kind: 'reply', call, status: readResult(reader), body: body.subarray(reader.position) };
    },

    login({ user, token }: Credentials) {
      const request: RegisterRequest = {
        protocolVersion,
        sdkName: 'galgo',
        sdkVersion: '1',
        password: user && { ...user, context: '' },
        token: token === undefined ? undefined : { token, context: '' },
      };
      return { command: register, request };
    },

    loggedIn(reply) {
      session = (reply as RegisterReply).session;
    },
  };
}

/** Reasons that another attempt with the same credentials cannot change. */
const refusals = new Map<number, number>([
  [EvictionReason.invalidCredentials, errorCodes['invalid-credentials']],
  [EvictionReason.invalidToken, errorCodes['invalid-personal-access-token']],
  [EvictionReason.userInactive, errorCodes['user-inactive']],
  [EvictionReason.incompatibleProtocol, errorCodes['incompatible-protocol-version']],
  [EvictionReason.sessionError, errorCodes.unauthenticated],
  [EvictionReason.malformedLogin, errorCodes['invalid-format']],
]);

function evictionError(reason: number): ClientError {
  const name = evictionName(reason as EvictionReason);
  const status = refusals.get(reason);
  if (status !== undefined) return new AuthenticationError('login-refused', `the server refused the login: ${name}`, { status });
  return new ServerError('session-ended', `the server ended the session: ${name}`, {
    status: reason === EvictionReason.staleClient ? errorCodes['stale-client'] : errorCodes.unauthenticated,
  });
}
