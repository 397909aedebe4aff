// The web console: a page and what it loads, made by scripts/build-console.js from src/console/. It calls the API as any client does, so the files are for everybody.
//
//   /ui, /ui/, /ui/<path without a dot>   the page, which shows what its own path says
//   /ui/<name>                            a file of the page

import { readFile } from 'node:fs/promises';
import type { FastifyReply } from 'fastify';
import type { HttpApp } from '../application/http-app.ts';
import { HttpFailure } from '../request/failure.ts';

/** The same from sources and from dist/. */
const folder = new URL('../../../../dist/console/', import.meta.url);

const contentTypes: ReadonlyMap<string, string> = new Map([
  ['index.html', 'text/html; charset=utf-8'],
  ['console.css', 'text/css; charset=utf-8'],
  ['console.js', 'text/javascript; charset=utf-8'],
  ['icon.svg', 'image/svg+xml'],
]);

/** Own files only, nothing inline, and no text that becomes HTML or script. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "connect-src 'self'",
  "img-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const headers = {
  'content-security-policy': contentSecurityPolicy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
};

export function consoleRoutes(app: HttpApp): void {
  const config = { isPublic: true, takesSlash: true, cors: false } as const;
  app.get('/ui', { config }, (_request, reply) => send(reply, 'index.html'));
  app.get<{ Params: { '*': string } }>('/ui/*', { config }, (request, reply) => {
    const { '*': path } = request.params;
    return send(reply, path.includes('.') ? path : 'index.html');
  });
}

async function send(reply: FastifyReply, name: string): Promise<FastifyReply> {
  const contentType = contentTypes.get(name);
  if (contentType === undefined) throw new HttpFailure(404, 'not_found', 'The console has no such file');
  return reply
    .headers(headers)
    .type(contentType)
    .send(await readFile(new URL(name, folder)));
}
