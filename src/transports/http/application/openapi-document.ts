// The OpenAPI document, made from the schemas that validate requests when somebody asks for it: the routes are added anew to an application that never listens.

import fastify, { type FastifySchema, type RouteOptions } from 'fastify';
import { openApiSchema } from '../json/keywords.ts';
import { writeJson } from '../json/write-json.ts';
import type { HttpApp } from './http-app.ts';
import { withFailures } from './operation.ts';
import { compileWhenCalled, schemaCompilers } from './schema-compilers.ts';

/** Of a request whose body is taken as it is, and has no schema that it is held against. */
const bytes = { content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary', minLength: 1 } } } };

/** To be called before routes are added. What it returns resolves to the document as text. */
export function openApiDocument(app: HttpApp, version: string): () => Promise<string> {
  const routes: Pick<RouteOptions, 'method' | 'url' | 'schema'>[] = [];
  app.addHook('onRoute', ({ method, url, schema, config }) => {
    if (schema?.operationId === undefined || method === 'HEAD') return;
    routes.push({ method, url, schema: withFailures(config?.takesBytes ? { ...schema, body: bytes } : schema) });
  });
  let document: Promise<string> | undefined;
  return () => {
    document ??= describe(version, routes, Object.values(app.getSchemas()));
    return document;
  };
}

async function describe(version: string, routes: readonly Pick<RouteOptions, 'method' | 'url' | 'schema'>[], schemas: readonly unknown[]) {
  const { default: swagger } = await import('@fastify/swagger');
  const app = fastify({ exposeHeadRoutes: false, schemaController: { compilersFactory: schemaCompilers(compileWhenCalled()) } });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Galgo HTTP API', version },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      security: [{ bearer: [] }],
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `def-${i}`) },
  });
  for (const schema of schemas) app.addSchema(schema);
  for (const { method, url, schema } of routes) app.route({ method, url, schema: schema as FastifySchema, handler: () => {} });
  await app.ready();
  return writeJson(openApiSchema(app.swagger()));
}
