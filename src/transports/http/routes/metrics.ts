// Metrics for Prometheus. Who asks for neither of the two forms of text gets what Iggy answers: OpenMetrics under the type of plain text.

import { contentTypes, type TextForm } from '../../../observability/metrics/scrape.ts';
import { callerOf, type HttpApp, type HttpServices } from '../application/http-app.ts';
import { operation, plainText } from '../application/operation.ts';

const iggyContentType = 'text/plain; charset=utf-8';

export function metricsRoutes(app: HttpApp, { metrics, system }: HttpServices): void {
  if (metrics === undefined) return;
  const { isPublic } = metrics;
  app.get(
    metrics.path,
    {
      config: { isPublic },
      schema: operation('getMetrics', 'System', 'Metrics for Prometheus', { replies: { 200: plainText }, isPublic }),
    },
    async (request, reply) => {
      if (!isPublic) system.users.authorize(callerOf(request).userId, 'read-servers');
      const form = formOf(request.headers.accept ?? '');
      const text = await metrics.scrape.text(form ?? 'openmetrics');
      return reply.type(form === undefined ? iggyContentType : contentTypes[form]).send(text);
    },
  );
}

function formOf(accept: string): TextForm | undefined {
  if (accept.includes('application/openmetrics-text')) return 'openmetrics';
  return accept.includes('text/plain') ? 'prometheus' : undefined;
}
