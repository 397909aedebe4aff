// What the server says of itself: signs of life, figures, clients, the cluster, options, snapshots.

import { describeOptions } from '../../../protocol/commands/describe-options.ts';
import { getClient } from '../../../protocol/commands/get-client.ts';
import { getClients } from '../../../protocol/commands/get-clients.ts';
import { type ClusterMetadata, getClusterMetadata } from '../../../protocol/commands/get-cluster-metadata.ts';
import { getSnapshot } from '../../../protocol/commands/get-snapshot.ts';
import { getStats } from '../../../protocol/commands/get-stats.ts';
import { OptionScope, SnapshotCompression, SnapshotType } from '../../../protocol/primitives/enumerations.ts';
import type { Stats } from '../../../protocol/primitives/stats.ts';
import { callerOf, type HttpApp, type HttpServices } from '../application/http-app.ts';
import { operation, pathOf, plainText } from '../application/operation.ts';
import { runCommand } from '../application/run-command.ts';
import { notFound } from '../request/failure.ts';
import { optionDescriptionSchema, optionDescriptionView } from '../views/options-view.ts';
import { body, listOf, ref } from '../views/schema.ts';
import {
  clientDetailsSchema,
  clientDetailsView,
  clientSchema,
  clientView,
  clusterSchema,
  clusterView,
  statsSchema,
  statsView,
} from '../views/system-view.ts';

interface SnapshotBody {
  compression: string;
  snapshot_types: string[];
}

const scopes: Readonly<Record<string, OptionScope>> = OptionScope;

export function systemRoutes(app: HttpApp, services: HttpServices): void {
  for (const schema of [statsSchema, clientSchema, clientDetailsSchema, clusterSchema, optionDescriptionSchema]) app.addSchema(schema);

  const isPublic = { isPublic: true };
  app.get(
    '/',
    { config: isPublic, schema: operation('banner', 'System', 'Says what this is', { replies: { 200: plainText }, isPublic: true }) },
    (_request, reply) => reply.type('text/plain; charset=utf-8').send('Iggy API'),
  );
  app.get(
    '/ping',
    {
      config: isPublic,
      schema: operation('ping', 'System', 'Tells that the server is alive', { replies: { 200: plainText }, isPublic: true }),
    },
    (_request, reply) => reply.type('text/plain; charset=utf-8').send('pong'),
  );

  app.get(
    '/stats',
    { schema: operation('getStats', 'System', 'Figures of the server', { replies: { 200: ref('Stats') } }) },
    async (request) => statsView((await runCommand(services, callerOf(request), getStats, undefined)) as Stats),
  );

  app.get(
    '/cluster/metadata',
    { schema: operation('getClusterMetadata', 'System', 'The nodes that there are', { replies: { 200: ref('ClusterMetadata') } }) },
    async (request) => clusterView((await runCommand(services, callerOf(request), getClusterMetadata, undefined)) as ClusterMetadata),
  );

  app.get(
    '/clients',
    { schema: operation('getClients', 'System', 'Connections of TCP, QUIC and WebSocket', { replies: { 200: listOf(ref('Client')) } }) },
    async (request) => ((await runCommand(services, callerOf(request), getClients, undefined)) ?? []).map(clientView),
  );

  app.get<{ Params: { client_id: string } }>(
    '/clients/:client_id',
    { schema: operation('getClient', 'System', 'One connection', { path: pathOf('client_id'), replies: { 200: ref('ClientDetails') } }) },
    async (request) => {
      const client = await runCommand(services, callerOf(request), getClient, { clientId: Number(request.params.client_id) });
      if (client === undefined) throw notFound();
      return clientDetailsView(client);
    },
  );

  app.get<{ Params: { scope: string } }>(
    '/options/:scope',
    {
      schema: operation('describeOptions', 'System', 'Options that topics, streams or users have', {
        path: { type: 'object', properties: { scope: { type: 'string', enum: Object.keys(scopes) } }, required: ['scope'] },
        replies: { 200: listOf(ref('OptionDescription')) },
      }),
    },
    async (request) => {
      const scope = scopes[request.params.scope] as OptionScope;
      return ((await runCommand(services, callerOf(request), describeOptions, { scope }, 'vsr')) ?? []).map(optionDescriptionView);
    },
  );

  const snapshotBody = body({
    compression: { type: 'string', enum: Object.keys(SnapshotCompression).map(capitalized) },
    snapshot_types: { ...listOf({ type: 'string', enum: Object.keys(SnapshotType).map(capitalized) }), maxItems: 255 },
  });
  app.post<{ Body: SnapshotBody }>(
    '/snapshot',
    {
      schema: operation('getSnapshot', 'System', 'A ZIP archive of what helps to find a fault', {
        body: snapshotBody,
        replies: { 200: { description: 'ZIP', content: { 'application/zip': { schema: {} } } } },
      }),
    },
    async (request, reply) => {
      const { compression, snapshot_types: types } = request.body;
      const archive = await runCommand(services, callerOf(request), getSnapshot, {
        compression: memberOf(SnapshotCompression, compression),
        types: types.map((type) => memberOf(SnapshotType, type)),
      });
      const time = new Date(services.clock.nowMs()).toISOString().replace(/\D/g, '').slice(0, 14);
      return reply
        .type('application/zip')
        .header('content-disposition', `attachment; filename="iggy_snapshot_${time.slice(0, 8)}_${time.slice(8)}.zip"`)
        .send(archive);
    },
  );
}

function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function memberOf<Value extends number>(members: Readonly<Record<string, Value>>, name: string): Value {
  return members[name.charAt(0).toLowerCase() + name.slice(1)] as Value;
}
