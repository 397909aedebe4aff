// Known paths with another method: 405, with the methods that there are. Fastify looks routes up by method and path together, and would not find them.

import type { HTTPMethods } from 'fastify';
import { HttpFailure } from '../request/failure.ts';
import type { HttpApp } from './http-app.ts';

const methods: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH'];

interface Known {
  readonly methods: Set<string>;
  isPublic: boolean;
}

/** To be called before the routes are added; what it returns, after them. */
export function refuseWrongMethods(app: HttpApp): () => void {
  const paths = new Map<string, Known>();
  app.addHook('onRoute', ({ url, method, config }) => {
    const known = paths.get(url) ?? { methods: new Set(), isPublic: false };
    for (const one of [method].flat()) known.methods.add(one);
    if (config?.isPublic) known.isPublic = true;
    paths.set(url, known);
  });
  return () => {
    for (const [url, { methods: present, isPublic }] of [...paths]) {
      const missing = methods.filter((method) => !present.has(method));
      if (url === '*' || missing.length === 0) continue;
      const allow = [...present].join(', ');
      app.route({
        method: missing,
        url,
        config: { isPublic },
        schema: { hide: true },
        handler: (_request, reply) => {
          reply.header('allow', allow);
          throw new HttpFailure(405, 'method_not_allowed', `The methods of this path are ${allow}`);
        },
      });
    }
  };
}
