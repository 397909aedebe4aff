// How a request that failed is answered: the status, the headers beside those of every reply, and the body.

import type { FastifyError } from 'fastify';
import type { Logger } from '../../../observability/logger.ts';
import { ProtocolError } from '../../../protocol/protocol-error.ts';
import { type FailureBody, failureOf, HttpFailure, retryAfter, statusCodeOf } from '../request/failure.ts';

export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: FailureBody;
}

/** Logs what is nobody's fault but the server's. `requestId` is for the log. */
export function refusalOf(
  error: Error & Partial<Pick<FastifyError, 'validation' | 'validationContext' | 'statusCode'>>,
  requestId: string,
  log: Logger,
): Refusal {
  if (error instanceof HttpFailure) return refusal(error);
  if (ProtocolError.is(error)) {
    const status = statusCodeOf(error);
    return { status, headers: status === 503 ? retryAfter(1).headers : {}, body: failureOf(error) };
  }
  if (error.validation !== undefined) {
    const isBody = error.validationContext === 'body';
    return refusal(new HttpFailure(isBody ? 422 : 400, isBody ? 'invalid_body' : 'invalid_query', error.message));
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return refusal(new HttpFailure(error.statusCode, 'bad_request', error.message));
  }
  log.error({ err: error, request: requestId }, 'HTTP request failed');
  return { status: 500, headers: {}, body: failureOf(new ProtocolError('error')) };
}

function refusal({ statusCode, headers, body }: HttpFailure): Refusal {
  return { status: statusCode, headers, body };
}
