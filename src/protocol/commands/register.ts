// Register (operation 1, codes 40 and 45, VSR only): login with a password (40) or a token (45)
//   version       protocol u32 · SDK name u8 length, UTF-8 · SDK version u8 length, UTF-8
//   password form username name · password u8 length, UTF-8 · context u32 length, UTF-8
//   token form    token name · context u32 length, UTF-8
// → user id     u32
//   session     u64, not 0
//   protocol    u32
//   version     name: the server's
// The code does not travel: a server tries the password form first, then the token form.

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { readName, writeName } from '../primitives/name.ts';
import { ProtocolError } from '../protocol-error.ts';
import { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';

export interface PasswordLogin {
  username: string;
  password: string;
  /** Free text, may be empty. */
  context: string;
}

export interface TokenLogin {
  token: string;
  /** Free text, may be empty. */
  context: string;
}

/**
 * The encoder writes the password form if it is there. A decoder finds each form that the bytes fit: one as a rule, rarely both, and neither in a
 * malformed login, which is not an error here, because a version outside the server's window is to be told before it.
 */
export interface RegisterRequest {
  /** Packed, see `packProtocolVersion`. */
  protocolVersion: number;
  sdkName: string;
  sdkVersion: string;
  password: PasswordLogin | undefined;
  token: TokenLogin | undefined;
}

export interface RegisterReply {
  userId: number;
  /** 1 to 2⁶³ − 1. */
  session: bigint;
  protocolVersion: number;
  serverVersion: string;
}

export const register: Command<RegisterRequest, RegisterReply> = {
  name: 'Register',
  code: 40,
  operation: Operation.register,

  encodeRequest(writer, request) {
    writer.u32(request.protocolVersion);
    writeName(writer, request.sdkName);
    writeName(writer, request.sdkVersion);
    if (request.password !== undefined) writePasswordLogin(writer, request.password);
    else if (request.token !== undefined) writeTokenLogin(writer, request.token);
  },

  decodeRequest(reader) {
    return {
      protocolVersion: reader.u32(),
      sdkName: readName(reader),
      sdkVersion: readName(reader),
      password: attempt(reader, readPasswordLogin),
      token: attempt(reader, readTokenLogin),
    };
  },

  encodeReply(writer, reply) {
    writer.u32(reply.userId).u64(reply.session).u32(reply.protocolVersion);
    writeName(writer, reply.serverVersion);
  },

  decodeReply(reader) {
    return { userId: reader.u32(), session: reader.u64(), protocolVersion: reader.u32(), serverVersion: readName(reader) };
  },
};

function readPasswordLogin(reader: Reader): PasswordLogin {
  return { username: readName(reader), password: reader.shortText(), context: reader.longText() };
}

function writePasswordLogin(writer: Writer, login: PasswordLogin): void {
  writeName(writer, login.username);
  writer.shortText(login.password).longText(login.context);
}

function readTokenLogin(reader: Reader): TokenLogin {
  return { token: readName(reader), context: reader.longText() };
}

function writeTokenLogin(writer: Writer, login: TokenLogin): void {
  writeName(writer, login.token);
  writer.longText(login.context);
}

/** Reads from a reader of its own, so that the forms are tried at the same place. */
function attempt<Form>(reader: Reader, readForm: (reader: Reader) => Form): Form | undefined {
  try {
    return readForm(new Reader(reader.bytes, reader.position, reader.position + reader.remaining));
  } catch (error) {
    if (ProtocolError.is(error)) return undefined;
    throw error;
  }
}
