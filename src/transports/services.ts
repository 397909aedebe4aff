// What every connection shares. Built once by the server.

import type { AuditLog } from '../handlers/audit-log.ts';
import type { Exchange, WaitingExchange } from '../handlers/messages/exchange.ts';
import type { Handlers } from '../handlers/registry.ts';
import type { Logger } from '../observability/logger.ts';
import type { Engine } from '../storage/engine.ts';
import type { ClientRecord, TransportName } from '../streaming/clients.ts';
import type { Clock } from '../streaming/clock.ts';
import type { System } from '../streaming/system.ts';
import type { CertificateUsers } from './client-certificates.ts';
import type { TransportLimits } from './limits.ts';
import type { FlushScheduler } from './output.ts';
import type { ReceiveBuffers } from './receive-buffers.ts';

export interface TransportServices {
  readonly system: System;
  readonly engine: Engine;
  readonly handlers: Handlers;
  readonly sendMessages: (exchange: Exchange) => void;
  readonly pollMessages: (exchange: Exchange) => void;
  readonly waitForMessages: (exchange: WaitingExchange) => void;
  /** Undefined: switched off. */
  readonly audit: AuditLog | undefined;
  readonly limits: TransportLimits;
  /** Who is logged in by certificate. Undefined: nobody. */
  readonly certificateUsers: CertificateUsers | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly receiveBuffers: ReceiveBuffers;
  readonly flushScheduler: FlushScheduler;
  /** Says why connections are refused, at most once in a while. */
  readonly refusedConnections: { note(text: string): void };
  stopping(): boolean;
  connected(transport: TransportName, address: string): ClientRecord;
  disconnected(client: ClientRecord): void;
}
