// What a refused request is answered with: `{ "id", "code", "reason", "field" }`, and an HTTP status.
//
// `id` and `code` are those of the binary protocol where the request was understood and refused. What HTTP itself refuses (a body that is no JSON, a path that does not
// exist) has the HTTP status as its id.

import { errorName, errorTable } from '../../../protocol/errors.ts';
import { ProtocolError } from '../../../protocol/protocol-error.ts';

export interface FailureBody {
  readonly id: number;
  /** Words with underscores, `stream_id_not_found`. */
  readonly code: string;
  readonly reason: string;
  /** The field of the request that is to blame, as Iggy names it. */
  readonly field: string | null;
}

/** Refuses a request with a status and a body of its own. */
export class HttpFailure extends Error {
  readonly statusCode: number;
  readonly body: FailureBody;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    statusCode: number,
    code: string,
    reason: string,
    options: { field?: string; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(reason);
    this.name = 'HttpFailure';
    this.statusCode = statusCode;
    this.body = { id: statusCode, code, reason, field: options.field ?? null };
    this.headers = options.headers ?? {};
  }
}

/** Of a server that is busy: seconds after which it is worth while to try again. */
export function retryAfter(seconds: number): { headers: Readonly<Record<string, string>> } {
  return { headers: { 'retry-after': String(seconds) } };
}

/** Iggy's answer of a read that finds nothing. */
export function notFound(): HttpFailure {
  return new HttpFailure(404, 'not_found', 'Resource not found');
}

/** The same with the number of the binary protocol: 401, code 40. */
export function unauthenticated(detail?: string): ProtocolError {
  return new ProtocolError('unauthenticated', detail);
}

/** By error number; all others are 400. Numbers above zero that stand for a damaged disk or a full server are 500 and 503. */
const statusCodes: ReadonlyMap<number, number> = new Map([
  ...[40, 53, 77, 78].map((id) => [id, 401] as const),
  ...[41].map((id) => [id, 403] as const),
  ...[20, 100, 1009, 2010, 3007, 3021, 4000, 5000, 5003, 5006].map((id) => [id, 404] as const),
  ...[57, 58].map((id) => [id, 503] as const),
  ...[1, 10002, 10005, 10006, 10009, 13000].map((id) => [id, 500] as const),
]);

const fields: ReadonlyMap<number, string> = new Map([
  ...[1009, 1014].map((id) => [id, 'stream_id'] as const),
  ...[2010, 2016].map((id) => [id, 'topic_id'] as const),
  [3007, 'partition_id'],
  [4000, 'segment_id'],
  [100, 'client_id'],
  ...[1012, 1013, 2013, 2014, 5004, 51].map((id) => [id, 'name'] as const),
  [4100, 'offset'],
  [5002, 'consumer_group_id'],
  [46, 'username'],
]);

export function statusCodeOf(error: ProtocolError): number {
  return statusCodes.get(error.status) ?? 400;
}

export function failureOf(error: ProtocolError): FailureBody {
  const [, text] = errorTable[error.code];
  return {
    id: error.status,
    code: error.code.replaceAll('-', '_'),
    reason: `${text}${error.message.slice(error.code.length)}`,
    field: fields.get(error.status) ?? null,
  };
}

/** The error of a status that the engine or a handler answered with. */
export function failureOfStatus(status: number): ProtocolError {
  return new ProtocolError(errorName(status) ?? 'error');
}
