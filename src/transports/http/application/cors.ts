// Web pages of other origins.

import cors from '@fastify/cors';
import type { HttpApp } from './http-app.ts';

export interface CorsSettings {
  readonly methods: readonly string[];
  readonly origins: 'any' | readonly string[];
  readonly headers: readonly string[];
  readonly exposedHeaders: readonly string[];
  readonly credentials: boolean;
  readonly privateNetwork: boolean;
}

const privateNetworkHeader = 'access-control-request-private-network';

/** Answers every OPTIONS request, before anybody asks for a bearer. */
export async function allowOrigins(app: HttpApp, settings: CorsSettings): Promise<void> {
  if (settings.privateNetwork) {
    app.addHook('onRequest', (request, reply, done) => {
      if (request.method === 'OPTIONS' && request.headers[privateNetworkHeader] === 'true') {
        reply.header('access-control-allow-private-network', 'true');
      }
      done();
    });
  }
  await app.register(cors, {
    origin: settings.origins === 'any' ? '*' : [...settings.origins],
    methods: settings.methods.join(','),
    allowedHeaders: settings.headers.join(','),
    ...(settings.exposedHeaders.length === 0 ? {} : { exposedHeaders: settings.exposedHeaders.join(',') }),
    credentials: settings.credentials,
    optionsSuccessStatus: 200,
    strictPreflight: false,
  });
}
