// Metrics of transports: connections and bytes.

import type { TransportTraffic } from '../transport-traffic.ts';
import type { Collector, MetricFamily } from './metric-family.ts';

export interface TransportFigures {
  readonly transport: string;
  readonly connections: number;
  readonly traffic: TransportTraffic;
}

/** `read` gives the figures of the transports that are on. */
export function transportMetrics(read: () => readonly TransportFigures[], refused: { readonly count: number }): Collector {
  return () => {
    const transports = read();
    const family = (name: string, type: 'gauge' | 'counter', help: string, value: (of: TransportFigures) => number): MetricFamily => ({
      name,
      type,
      help,
      samples: transports.map((figures) => ({ value: value(figures), labels: { transport: figures.transport } })),
    });
    return [
      family('galgo_connections', 'gauge', 'Open connections.', ({ connections }) => connections),
      family('galgo_connections_opened', 'counter', 'Connections that were taken.', ({ traffic }) => traffic.connectionsOpened),
      {
        name: 'galgo_connections_refused',
        type: 'counter',
        help: 'Connections that were refused: too many, a certificate, an origin.',
        samples: [{ value: refused.count }],
      },
      family('galgo_received_bytes', 'counter', 'Bytes of requests.', ({ traffic }) => traffic.bytesIn),
      family('galgo_sent_bytes', 'counter', 'Bytes of replies.', ({ traffic }) => traffic.bytesOut),
    ];
  };
}
