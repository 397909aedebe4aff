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
  /** The header of the call's frame; its body follows. From then on the call waits for an answer. */
  begin(call: Call): Buffer;
  /** Throws ProtocolViolationError. The body of a reply is a view of the frame. */
  answer(frame: Buffer): Answer;
  /** The login request. */
  login(credentials: Credentials): { command: Call['command']; request: unknown };
  /** Takes the login's reply. */
  loggedIn(reply: unknown): void;
}
