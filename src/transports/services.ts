// What every connection of a thread shares. Built once for each thread.

import type { AuditLog } from '../handlers/audit-log.ts';
import type { Exchange, WaitingExchange } from '../handlers/messages/exchange.ts';
import type { Handlers } from '../handlers/registry.ts';
import type { Logger } from '../observability/logger.ts';
import type { RateLimitedWarning } from '../observability/rate-limited-warning.ts';
import type { RequestTracing } from '../observability/request-tracing.ts';
import type { TransportTraffic } from '../observability/transport-traffic.ts';
import type { Generation } from '../protocol/command.ts';
import type { Engine } from '../storage/engine.ts';
import type { ClientRecord, TransportName } from '../streaming/clients.ts';
import type { Clock } from '../streaming/clock.ts';
import type { MessageSystem } from '../streaming/message-system.ts';
import type { System } from '../streaming/system.ts';
import type { CertificateUsers } from './client-certificates.ts';
import type { RunControl } from './control.ts';
import type { TransportLimits } from './limits.ts';
import type { FlushScheduler } from './output.ts';
import type { ReceiveBuffers } from './receive-buffers.ts';
import type { RequestGate } from './request-gate.ts';
import type { RequestObserver } from './request-observer.ts';

export interface TransportServices {
  readonly system: MessageSystem;
  readonly engine: Engine;
  readonly handlers: Handlers;
  /** Runs a command that is neither a send nor a poll. */
  readonly runControl: RunControl;
  /** Undefined: what requests are judged by is always known. */
  readonly gate: RequestGate | undefined;
  readonly sendMessages: (exchange: Exchange) => void;
  readonly pollMessages: (exchange: Exchange) => void;
  readonly waitForMessages: (exchange: WaitingExchange) => void;
  /** Undefined: switched off. */
  readonly audit: AuditLog | undefined;
  /** Undefined: neither metrics nor tracing want to know of requests. */
  readonly observers: Readonly<Record<Generation, RequestObserver>> | undefined;
  /** Undefined: off. */
  readonly tracing: RequestTracing | undefined;
  readonly traffic: Readonly<Record<TransportName, TransportTraffic>>;
  readonly limits: TransportLimits;
  /** Who is logged in by certificate. Undefined: nobody. */
  readonly certificateUsers: CertificateUsers | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly receiveBuffers: ReceiveBuffers;
  readonly flushScheduler: FlushScheduler;
  /** Says why connections are refused, at most once in a while. */
  readonly refusedConnections: RateLimitedWarning;
  stopping(): boolean;
  connected(transport: TransportName, address: string): ClientRecord;
  disconnected(client: ClientRecord): void;
}

/** Those of the control thread. */
export interface ControlServices extends TransportServices {
  readonly system: System;
}
