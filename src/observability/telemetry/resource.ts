// Whom exported traces and logs are of.

import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';

export interface TelemetryService {
  readonly serviceName: string;
  readonly version: string;
}

export function resourceOf({ serviceName, version }: TelemetryService): Resource {
  return resourceFromAttributes({ 'service.name': serviceName, 'service.version': version });
}

/** What is exported with a name but comes from no library: the instrumentation scope. */
export const scopeName = 'galgo';

/** How long what waits for export may wait, and how much of it there may be; more is dropped. */
export const batching = { scheduledDelayMillis: 1_000, maxQueueSize: 8_192, maxExportBatchSize: 512, exportTimeoutMillis: 10_000 } as const;

const shutdownTimeoutMs = 3_000;

/** Exports what waits. A collector that does not answer does not keep the server from stopping. */
export async function endExport(provider: { shutdown(): Promise<void> }): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, shutdownTimeoutMs);
  });
  await Promise.race([provider.shutdown().catch(() => {}), late]);
  clearTimeout(timer);
}
