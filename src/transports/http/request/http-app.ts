// What routes are added to.

import type { FastifyInstance } from 'fastify';
import type { TransportServices } from '../../services.ts';

export type HttpApp = FastifyInstance;

/** Adds the routes of one area. */
export type RouteArea = (app: HttpApp, services: TransportServices) => void;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers without a bearer. */
    isPublic?: boolean;
  }
}
