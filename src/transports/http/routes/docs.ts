// The OpenAPI document, made from the schemas that validate, and a page that shows it.

import type { HttpApp } from '../application/http-app.ts';
import { openApiSchema } from '../json/keywords.ts';
import { writeJson } from '../json/write-json.ts';
import { docsPage, docsPagePolicy } from '../views/docs-page.ts';

export function docsRoutes(app: HttpApp): void {
  let document: string | undefined;

  app.get('/openapi.json', { config: { isPublic: true }, schema: { hide: true } }, (_request, reply) => {
    document ??= writeJson(openApiSchema(app.swagger()));
    return reply.type('application/json').send(document);
  });

  app.get('/docs', { config: { isPublic: true }, schema: { hide: true } }, (_request, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', docsPagePolicy).send(docsPage),
  );
}
