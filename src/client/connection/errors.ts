// What can go wrong for a user of the client, by meaning. Every class has a stable code; where the server said no, also Iggy's status number.

import { errorName, errorTable } from '../../protocol/errors.ts';
import type { ProtocolError } from '../../protocol/protocol-error.ts';

const mark = Symbol.for('galgo.ClientError');

/**
 * Whether a request that failed was carried out: `not-executed` is certain, `unknown` means that it was on the wire and its answer never came.
 */
export type Outcome = 'not-executed' | 'unknown';

const retryableCodes: ReadonlySet<string> = new Set([
  'cannot-connect',
  'connection-lost',
  'timeout',
  'too-many-requests',
  'session-ended',
  'stale-client',
  'transient-not-accepted',
  'transient-not-committed',
]);

/** Base of all errors that the client makes. An aborted call rejects with its signal's reason instead. */
export class ClientError extends Error {
  /** Stable: a name of `docs/errors.md` for what a server answered, else one of the client's own. */
  readonly code: string;
  /** Iggy's status number, where it has one. */
  readonly status: number | undefined;
  /** Whether the request was carried out. */
  readonly outcome: Outcome;
  /** @internal */
  readonly [mark] = true;

  constructor(code: string, message: string, details: { status?: number; outcome?: Outcome; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.status = details.status;
    this.outcome = details.outcome ?? 'not-executed';
  }

  /**
   * Whether the same call may succeed a little later. With `outcome: 'unknown'` it may also be carried out twice.
   */
  get retryable(): boolean {
    return retryableCodes.has(this.code);
  }

  /** Works across copies of this package, unlike `instanceof`. */
  static is(value: unknown): value is ClientError {
    return typeof value === 'object' && value !== null && mark in value;
  }
}

/** The server refused a request. `code` and `status` say why; subclasses group the reasons that programs react to. */
export class ServerError extends ClientError {}

/** Credentials or session were refused. */
export class AuthenticationError extends ServerError {}

/** The user lacks a permission. */
export class PermissionError extends ServerError {}

/** Stream, topic, partition, group, user or token does not exist. */
export class NotFoundError extends ServerError {}

/** The name is taken. */
export class AlreadyExistsError extends ServerError {}

/** No connection could be opened (`cannot-connect`), or it was lost (`connection-lost`). */
export class ConnectionError extends ClientError {}

/** No answer in time (`timeout`). */
export class TimeoutError extends ClientError {}

/** The client, producer or consumer was closed (`closed`). */
export class ClosedError extends ClientError {}

/** A bound of the client was reached (`too-many-requests`). */
export class LimitError extends ClientError {}

/** An option or argument makes no sense (`invalid-argument`, `invalid-connection-string`). */
export class ArgumentError extends ClientError {}

/** The peer sent something that is not the protocol (`protocol-violation`). */
export class ProtocolViolationError extends ClientError {}

const authenticationCodes = new Set([
  'unauthenticated',
  'invalid-credentials',
  'user-inactive',
  'invalid-personal-access-token',
  'personal-access-token-expired',
  'incompatible-protocol-version',
]);

/** The error of a status that a server answered with. */
export function serverError(status: number, command: string): ServerError {
  const code = errorName(status) ?? 'error';
  const text = errorName(status) === undefined ? 'status is not known' : errorTable[code][1];
  const Class = classOfCode(code);
  // A copy of a request that the server no longer remembers: the first one may have been carried out.
  const outcome = code === 'request-already-applied' ? 'unknown' : 'not-executed';
  return new Class(code, `${command}: ${text} (${code}, ${status})`, { status, outcome });
}

/** The error of a request that the codec refused before it was sent. */
export function argumentError(error: ProtocolError): ArgumentError {
  return new ArgumentError(error.code, error.message, { status: error.status, cause: error });
}

function classOfCode(code: string): typeof ServerError {
  if (authenticationCodes.has(code)) return AuthenticationError;
  if (code === 'unauthorized') return PermissionError;
  if (code.endsWith('not-found')) return NotFoundError;
  if (code.endsWith('already-exists')) return AlreadyExistsError;
  return ServerError;
}
