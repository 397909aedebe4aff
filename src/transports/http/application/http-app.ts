// What routes are added to, and what they have at hand.

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Scrape } from '../../../observability/metrics/scrape.ts';
import type { RequestMeter } from '../../../observability/request-meter.ts';
import type { ClientRecord } from '../../../streaming/clients.ts';
import type { AccessTokens, VerifiedToken } from '../auth/access-tokens.ts';
import type { LoginThrottle } from '../auth/login-throttle.ts';
import type { PollServices } from '../messages/http-exchange.ts';
import type { ByteBudget } from '../request/byte-budget.ts';

export type HttpApp = FastifyInstance;

export interface MetricsEndpoint {
  readonly path: string;
  /** Whether it answers without a bearer. */
  readonly isPublic: boolean;
  readonly meter: RequestMeter;
  readonly scrape: Scrape;
  /** HTTP requests so far. */
  requests: number;
}

export interface HealthChecks {
  /** What keeps the server from serving, one word each; none: it is ready. */
  failing(): Promise<readonly string[]>;
}

export interface HttpServices extends PollServices {
  readonly accessTokens: AccessTokens;
  readonly loginThrottle: LoginThrottle;
  /** Of replies that their peers have not taken yet. */
  readonly replyBytes: ByteBudget;
  readonly tailsMax: number;
  /** Undefined: metrics are off. */
  readonly metrics: MetricsEndpoint | undefined;
  readonly health: HealthChecks;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers without a bearer. */
    isPublic?: boolean;
    /** The body is taken as bytes, whatever its type. */
    takesBytes?: boolean;
    /** The path may end in a slash. */
    takesSlash?: boolean;
    /** The reply has no headers of CORS. */
    cors?: false;
  }
  interface FastifyRequest {
    /** Who asks. Null on public routes. */
    caller: ClientRecord | null;
    /** The access token that the request came with, if it was one. */
    accessToken: VerifiedToken | null;
  }
}

/** Who asks; of routes that are not public. */
export function callerOf(request: FastifyRequest): ClientRecord {
  if (request.caller === null) throw new Error(`${request.routeOptions.url} is public and has no caller`);
  return request.caller;
}
