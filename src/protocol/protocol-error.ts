// The error of everything that has a number on Iggy's wire.

import { type ErrorName, errorCodes, errorName } from './errors.ts';

const mark = Symbol.for('galgo.ProtocolError');

/** An error with Iggy's status number. `code` is the stable name (`stream-id-not-found`), `status` the number that travels. */
export class ProtocolError extends Error {
  readonly code: ErrorName;
  readonly status: number;
  readonly [mark] = true;

  constructor(code: ErrorName, detail?: string) {
    super(detail === undefined ? code : `${code}: ${detail}`);
    this.name = 'ProtocolError';
    this.code = code;
    this.status = errorCodes[code];
  }

  /** The error of a status number; one that is not in the table becomes the catch-all. */
  static ofStatus(status: number, detail?: string): ProtocolError {
    return new ProtocolError(errorName(status) ?? 'error', detail ?? `status ${status}`);
  }

  static is(value: unknown): value is ProtocolError {
    return typeof value === 'object' && value !== null && mark in value;
  }
}
