// Log lines by OTLP over HTTP, in JSON, beside the log itself. Loaded only if that is on.

import { type AnyValueMap, SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import type { LineSink } from '../logger.ts';
import { batching, endExport, resourceOf, scopeName, type TelemetryService } from './resource.ts';

export interface LogExport extends LineSink {
  end(): Promise<void>;
}

const severities: Readonly<Record<string, SeverityNumber>> = {
  trace: SeverityNumber.TRACE,
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  fatal: SeverityNumber.FATAL,
};

export function startLogExport(service: TelemetryService, endpoint: string): LogExport {
  const processor = new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: endpoint }), ...batching });
  const provider = new LoggerProvider({ resource: resourceOf(service), processors: [processor] });
  const logger = provider.getLogger(scopeName, service.version);
  return {
    add(line) {
      const { level, time, msg, ...attributes } = JSON.parse(line) as { level: string; time: string; msg?: string } & AnyValueMap;
      logger.emit({
        timestamp: new Date(time),
        severityText: level,
        severityNumber: severities[level] ?? SeverityNumber.UNSPECIFIED,
        body: msg ?? '',
        attributes,
      });
    },
    end: () => endExport(provider),
  };
}
