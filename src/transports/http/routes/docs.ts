// The OpenAPI document, and a page that shows it.

import type { HttpApp } from '../application/http-app.ts';
import { docsPage, docsPagePolicy } from '../views/docs-page.ts';

export function docsRoutes(app: HttpApp, document: () => Promise<string>): void {
  const config = { isPublic: true };
  app.get('/openapi.json', { config }, async (_request, reply) => reply.type('application/json').send(await document()));
  app.get('/docs', { config }, (_request, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', docsPagePolicy()).send(docsPage),
  );
}
