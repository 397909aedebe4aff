// Iggy 0.8: nothing in an answer tells which request it belongs to. Where the link does not know either, answers come in the order of the requests.

import { loginUser } from '../../protocol/commands/login-user.ts';
import { loginWithPersonalAccessToken } from '../../protocol/commands/login-with-personal-access-token.ts';
import { errorCodes } from '../../protocol/errors.ts';
import {
  classicHeaderBytes,
  classicResponseBytes,
  classicResponseStatus,
  writeClassicRequestHeader,
} from '../../protocol/frame/classic.ts';
import type { Call } from './call.ts';
import { ProtocolViolationError, serverError } from './errors.ts';
import type { Answer, Credentials, Wire } from './wire.ts';

export function createClassicWire(replyBytesMax: number): Wire {
  /** In order, by number on the link. */
  const waiting = new Map<number, Call>();

  const take = (number: number | undefined): Call | undefined => {
    const [answered] = number === undefined ? waiting.keys() : [number];
    if (answered === undefined) return undefined;
    const call = waiting.get(answered);
    waiting.delete(answered);
    return call;
  };

  return {
    generation: 'classic',
    framing: {
      headerBytes: classicHeaderBytes,
      frameBytes(bytes, at) {
        const total = classicResponseBytes(bytes, at);
        if (total > replyBytesMax) throw new ProtocolViolationError('protocol-violation', `reply of ${total} bytes`);
        return total;
      },
    },

    begin(call, number) {
      const header = Buffer.allocUnsafe(classicHeaderBytes);
      writeClassicRequestHeader(header, 0, call.command.code, call.body.length);
      waiting.set(number, call);
      return header;
    },

    answer(frame, number): Answer {
      const status = classicResponseStatus(frame, 0);
      // A server that stops says so unasked: this status answers no request.
      if (status === errorCodes.disconnected) return { kind: 'ended', error: serverError(status, 'the server'), refused: undefined };
      const call = take(number);
      if (call === undefined) throw new ProtocolViolationError('protocol-violation', `answer with status ${status} to no request`);
      // The server forgot the connection, and closes it behind this answer.
      if (status === errorCodes['stale-client']) return { kind: 'ended', error: serverError(status, call.command.name), refused: call };
      return { kind: 'reply', call, status, body: frame.subarray(classicHeaderBytes) };
    },

    login({ user, token }: Credentials) {
      if (user === undefined) return { command: loginWithPersonalAccessToken, request: { token } };
      return { command: loginUser, request: { ...user, version: 'galgo', context: '' } };
    },

    loggedIn() {},
  };
}
