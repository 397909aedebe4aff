// Answers an exchange with the status of what was thrown.

import type { Logger } from '../../observability/logger.ts';
import { errorCodes } from '../../protocol/errors.ts';
import { ProtocolError } from '../../protocol/protocol-error.ts';
import type { Exchange } from './exchange.ts';

export function failExchange(log: Logger, exchange: Exchange, error: unknown): void {
  if (ProtocolError.is(error)) {
    exchange.fail(error.status);
    return;
  }
  log.error({ err: error }, 'request failed');
  exchange.fail(errorCodes.error);
}
