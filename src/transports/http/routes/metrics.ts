// Metrics for Prometheus. Who asks for neither of the two forms of text gets what Iggy answers: OpenMetrics under the type of plain text.

import { contentTypes, type Scrape, type TextForm } from '../../../observability/metrics/scrape.ts';
import type { RequestMeter } from '../../../observability/request-meter.ts';
import { callerOf, type HttpApp, type HttpServices } from '../application/http-app.ts';
import { operation, plainText } from '../application/operation.ts';

export interface MetricsEndpoint {
  readonly path: string;
  /** Whether it answers without a bearer. */
  readonly isPublic: boolean;
  readonly meter: RequestMeter;
  readonly scrape: Scrape;
  /** HTTP requests so far. */
  requests: number;
}

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
