// What the server says of itself.

import type { HttpApp } from '../request/http-app.ts';

export function systemRoutes(app: HttpApp): void {
  app.get('/', { config: { isPublic: true } }, (_request, reply) => reply.type('text/plain; charset=utf-8').send('Iggy API'));
  app.get('/ping', { config: { isPublic: true } }, (_request, reply) => reply.type('text/plain; charset=utf-8').send('pong'));
}
