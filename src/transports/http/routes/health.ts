// Signs of life for whoever restarts servers and sends traffic to them: alive while the event loop answers, ready while requests can be served.

import type { HttpApp, HttpServices } from '../application/http-app.ts';
import { operation } from '../application/operation.ts';
import { record } from '../views/schema.ts';

const status = { type: 'string', enum: ['ok', 'failing'] };
const liveSchema = record({ status });
const readySchema = record({ status, failing: { type: 'array', items: { type: 'string' } } });

export function healthRoutes(app: HttpApp, { health }: HttpServices): void {
  const config = { isPublic: true };
  const parts = { isPublic: true, replies: { 200: liveSchema } };
  app.get('/health/live', { config, schema: operation('getLiveness', 'System', 'Whether the server is alive', parts) }, () => ({
    status: 'ok',
  }));
  app.get(
    '/health/ready',
    {
      config,
      schema: operation('getReadiness', 'System', 'Whether the server can serve requests', {
        isPublic: true,
        replies: { 200: readySchema, 503: readySchema },
        description: 'What may fail: `listeners`, `disk`, `metadata`, `draining`.',
      }),
    },
    async (_request, reply) => {
      const failing = await health.failing();
      return reply.code(failing.length === 0 ? 200 : 503).send({ status: failing.length === 0 ? 'ok' : 'failing', failing });
    },
  );
}
