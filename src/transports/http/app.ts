// The HTTP application: how requests are taken and failures answered, and which areas of routes there are. An area is a function in routes/ that adds its routes; to add one,
// write it and name it in `areas`.

import fastify, { type FastifyError, type FastifyHttpOptions, type FastifyReply, type FastifyRequest } from 'fastify';
import { authentication } from './application/authentication.ts';
import { allowOrigins, type CorsSettings } from './application/cors.ts';
import type { HttpApp, HttpServices } from './application/http-app.ts';
import { type KnownPath, knownPaths, wrongMethod } from './application/known-paths.ts';
import { observeRequests } from './application/observe-requests.ts';
import { openApiDocument } from './application/openapi-document.ts';
import { refusalOf } from './application/refusal.ts';
import { compileWhenCalled, schemaCompilers } from './application/schema-compilers.ts';
import { answerPlainMessages } from './plain-messages.ts';
import { ByteBudget } from './request/byte-budget.ts';
import { HttpFailure } from './request/failure.ts';
import { type BodyLimits, takeBodies } from './request/read-body.ts';
import { refuseUnreadable } from './request/refuse-unreadable.ts';
import { requestIdOf } from './request/request-id.ts';
import { consoleRoutes } from './routes/console.ts';
import { docsRoutes } from './routes/docs.ts';
import { groupRoutes } from './routes/groups.ts';
import { healthRoutes } from './routes/health.ts';
import { loginRoutes } from './routes/logins.ts';
import { messageRoutes } from './routes/messages.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { offsetRoutes } from './routes/offsets.ts';
import { streamRoutes } from './routes/streams.ts';
import { systemRoutes } from './routes/system.ts';
import { tailRoutes } from './routes/tails.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { topicRoutes } from './routes/topics.ts';
import { userRoutes } from './routes/users.ts';
import { failureSchema } from './views/failure-view.ts';

export interface HttpAppOptions {
  readonly version: string;
  readonly bodyBytesMax: number;
  /** Undefined: pages of other origins may not call. */
  readonly cors: CorsSettings | undefined;
  /** Whether the web console is served. */
  readonly webUi: boolean;
}

const areas: readonly ((app: HttpApp, services: HttpServices) => void)[] = [
  systemRoutes,
  healthRoutes,
  metricsRoutes,
  loginRoutes,
  userRoutes,
  tokenRoutes,
  streamRoutes,
  topicRoutes,
  messageRoutes,
  tailRoutes,
  offsetRoutes,
  groupRoutes,
];

/** Longer ones do not fit a request's head. */
const pathParameterLengthMax = 16 * 1024;

/** The application with all its routes. It listens when it is told to. `server` are options of the HTTP or HTTPS server. */
export async function createHttpApp(options: HttpAppOptions, services: HttpServices, server: object): Promise<HttpApp> {
  const compile = compileWhenCalled();
  const app = fastify({
    ...(server as FastifyHttpOptions<import('node:http').Server>),
    schemaController: { compilersFactory: schemaCompilers(compile) },
    routerOptions: { maxParamLength: pathParameterLengthMax },
    genReqId: ({ headers }) => requestIdOf(headers),
    clientErrorHandler: refuseUnreadable,
    frameworkErrors: (error, request, reply) => void answerFailure(services, error, request as FastifyRequest, reply as FastifyReply),
  }) as unknown as HttpApp;

  app.setErrorHandler<FastifyError>((error, request, reply) => answerFailure(services, error, request, reply));
  const paths = knownPaths(app);
  const document = openApiDocument(app, options.version);
  app.decorateRequest('caller', null);
  app.decorateRequest('accessToken', null);
  observeRequests(app, services);
  headReplies(app, services);
  if (options.cors !== undefined) await allowOrigins(app, options.cors);
  const bodies: BodyLimits = {
    bytesMax: options.bodyBytesMax,
    publicBytesMax: services.limits.anonymousFrameBytesMax,
    budget: new ByteBudget(services.limits.receiveBytesMax),
    readAlready: new WeakMap(),
  };
  // After the hooks that give every reply its headers.
  answerPlainMessages(app, services, bodies, compile);
  app.addHook('onRequest', authentication(services, paths));
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.is404 || (endsInSlash(request.url) && !request.routeOptions.config.takesSlash))
      done(unknown(request.method, paths.of(request.url)) as never);
    else done();
  });
  takeBodies(app, bodies);

  app.addSchema(failureSchema);
  for (const area of areas) area(app, services);
  docsRoutes(app, document);
  if (options.webUi) consoleRoutes(app);
  paths.refuseOtherMethods();
  return app;
}

const fixedHeaders = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

function headReplies(app: HttpApp, services: HttpServices): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id).headers(fixedHeaders);
    // A connection that is kept open would keep the server from stopping.
    if (services.stopping() && request.raw.httpVersionMajor === 1) reply.header('connection', 'close');
    done();
  });
  if (!services.log.isLevelEnabled('debug')) return;
  app.addHook('onResponse', (request, reply, done) => {
    const { method, id, ip } = request;
    // Without the query, which may hold keys of messages.
    const path = request.url.split('?', 1)[0];
    services.log.debug({ request: id, method, path, status: reply.statusCode, ms: Math.round(reply.elapsedTime), address: ip }, 'HTTP');
    done();
  });
}

/** A path with a slash at its end would be one with an empty name. */
function endsInSlash(url: string): boolean {
  const query = url.indexOf('?');
  const last = (query < 0 ? url.length : query) - 1;
  return last > 0 && url[last] === '/';
}

function unknown(method: string, path: KnownPath | undefined): HttpFailure {
  if (path === undefined || path.methods.includes(method)) return new HttpFailure(404, 'not_found', 'There is no such path');
  return wrongMethod(path.methods);
}

function answerFailure({ log }: HttpServices, error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, headers, body } = refusalOf(error, request.id, log);
  return reply.headers(headers).code(status).type('application/json').send(JSON.stringify(body));
}
