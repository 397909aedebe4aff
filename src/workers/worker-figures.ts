// What a worker counts, on its way to where the control thread counts: a worker tells of it now and then, and begins again from zero.

import type { RequestMeter } from '../observability/request-meter.ts';
import type { TransportTraffic } from '../observability/transport-traffic.ts';
import type { ClientRecord, TransportName } from '../streaming/clients.ts';
import type { MessageTraffic } from '../streaming/message-traffic.ts';
import type { TopicKey } from '../streaming/send-window.ts';
import type { System } from '../streaming/system.ts';
import type { Topic } from '../streaming/topic.ts';
import type { ControlServices } from '../transports/services.ts';
import type { TrafficFigures, WorkerFigures } from './messages.ts';
import type { WorkerView } from './worker-view.ts';

/** Takes the figures of a worker. Undefined: nothing was counted. `clients` are those that were seen since. */
export function takeFigures(
  view: WorkerView,
  transports: Readonly<Record<TransportName, TransportTraffic>>,
  meter: RequestMeter | undefined,
  clients: readonly ClientRecord[],
): WorkerFigures | undefined {
  const total = takeTraffic(view.traffic);
  const topics = [...view.topics()].flatMap((topic) => {
    const traffic = takeTraffic(topic.traffic);
    const { streamId, id, createdAt } = topic;
    return traffic === undefined ? [] : [{ topic: { streamId, id, createdAt }, traffic }];
  });
  const bytes = (Object.entries(transports) as [TransportName, TransportTraffic][]).flatMap(([transport, traffic]) => {
    const { bytesIn, bytesOut } = traffic;
    traffic.bytesIn = 0;
    traffic.bytesOut = 0;
    return bytesIn === 0 && bytesOut === 0 ? [] : [{ transport, bytesIn, bytesOut }];
  });
  const requests = meter?.take() ?? [];
  if (total === undefined && topics.length === 0 && bytes.length === 0 && requests.length === 0 && clients.length === 0) return undefined;
  const seen = Float64Array.from(clients.flatMap(({ id, lastSeenMs }) => [id, lastSeenMs]));
  return { total: total ?? [0, 0, 0, 0], topics, transports: bytes, requests, seen };
}

/** Adds the figures of a worker to those of the server. */
export function addFigures(
  figures: WorkerFigures,
  services: ControlServices,
  meter: RequestMeter | undefined,
  clients: ReadonlyMap<number, ClientRecord>,
): void {
  const { system, traffic } = services;
  addTraffic(system.traffic, figures.total);
  for (const { topic, traffic: counted } of figures.topics) {
    const known = topicOf(system, topic);
    if (known !== undefined) addTraffic(known.traffic, counted);
  }
  for (const { transport, bytesIn, bytesOut } of figures.transports) {
    traffic[transport].bytesIn += bytesIn;
    traffic[transport].bytesOut += bytesOut;
  }
  meter?.add(figures.requests);
  for (let at = 0; at < figures.seen.length; at += 2) {
    const client = clients.get(figures.seen[at] as number);
    if (client !== undefined) client.lastSeenMs = Math.max(client.lastSeenMs, figures.seen[at + 1] as number);
  }
}

/** Undefined: it is gone. */
export function topicOf(system: Pick<System, 'streams'>, { streamId, id, createdAt }: TopicKey): Topic | undefined {
  const topic = system.streams.get(streamId)?.topics.get(id);
  return topic?.createdAt === createdAt ? topic : undefined;
}

function takeTraffic(traffic: MessageTraffic): TrafficFigures | undefined {
  const { messagesIn, bytesIn, messagesOut, bytesOut } = traffic;
  if (messagesIn === 0 && messagesOut === 0) return undefined;
  traffic.messagesIn = 0;
  traffic.bytesIn = 0;
  traffic.messagesOut = 0;
  traffic.bytesOut = 0;
  return [messagesIn, bytesIn, messagesOut, bytesOut];
}

function addTraffic(traffic: MessageTraffic, [messagesIn, bytesIn, messagesOut, bytesOut]: TrafficFigures): void {
  traffic.received(messagesIn, bytesIn);
  traffic.delivered(messagesOut, bytesOut);
}
