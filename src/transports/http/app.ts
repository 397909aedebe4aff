// The HTTP application: how requests are taken and failures answered, and which areas of routes there are. An area is a function in routes/ that adds its routes; to add one,
// write it and name it in `areas`.

import fastify, { type FastifyError } from 'fastify';
import { ProtocolError } from '../../protocol/protocol-error.ts';
import type { TransportServices } from '../services.ts';
import { failureOf, HttpFailure, statusCodeOf } from './request/failure.ts';
import type { HttpApp, RouteArea } from './request/http-app.ts';
import { systemRoutes } from './routes/system.ts';

const areas: readonly RouteArea[] = [systemRoutes];

/** The application with all its routes. It listens when it is told to. */
export function createHttpApp(services: TransportServices): HttpApp {
  const app = fastify();

  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    if (error instanceof HttpFailure) return reply.code(error.statusCode).send(error.body);
    if (ProtocolError.is(error)) return reply.code(statusCodeOf(error)).send(failureOf(error));
    services.log.error({ err: error }, 'HTTP request failed');
    return reply.code(500).send(failureOf(new ProtocolError('error')));
  });

  for (const area of areas) area(app, services);
  return app;
}
