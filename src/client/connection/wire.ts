// What a session needs to know of a generation: how requests become frames, and which request a frame answers.

import type { Generation } from '../../protocol/command.ts';
import type { Call } from './call.ts';
import type { ClientError } from './errors.ts';
import type { Framing } from './frame-splitter.ts';

export interface Credentials {
  /** Undefined: `token` is there. */
  user: { username: string; password: string } | undefined;
  /** Personal access token. */
  token: string | undefined;
}

/**
 * What a frame means. `ended`: the server gave up the session; a call that it answers in the same breath was not carried out.
 * `ignored`: nobody waits for it.
 */
export type Answer =
  | { kind: 'reply'; call: Call; status: number; body: Buffer }
  | { kind: 'ended'; error: ClientError; refused: Call | undefined }
  | { kind: 'ignored' };

/** One a connection. */
export interface Wire {
  readonly generation: Generation;
  readonly framing: Framing;
  /** The header of the call's frame; its body follows. From then on the call waits for an answer. `number` is that of the request on its link. */
  begin(call: Call, number: number): Buffer;
  /** Throws ProtocolViolationError. The body of a reply is a view of the frame. `number`: of the request that it answers, where the link knows. */
  answer(frame: Buffer, number: number | undefined): Answer;
  /** The login request. */
  login(credentials: Credentials): { command: Call['command']; request: unknown };
  /** Takes the login's reply. */
  loggedIn(reply: unknown): void;
}
