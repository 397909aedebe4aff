// How the commands of system, users and tokens read in the golden vectors.

import { attachConsumerSession } from '../../../src/protocol/commands/attach-consumer-session.ts';
import { changePassword } from '../../../src/protocol/commands/change-password.ts';
import { createUser } from '../../../src/protocol/commands/create-user.ts';
import { deleteUser } from '../../../src/protocol/commands/delete-user.ts';
import { describeOptions } from '../../../src/protocol/commands/describe-options.ts';
import { getClient } from '../../../src/protocol/commands/get-client.ts';
import { getClients } from '../../../src/protocol/commands/get-clients.ts';
import { getClusterMetadata } from '../../../src/protocol/commands/get-cluster-metadata.ts';
import { getMe } from '../../../src/protocol/commands/get-me.ts';
import { getPersonalAccessTokens } from '../../../src/protocol/commands/get-personal-access-tokens.ts';
import { getStats } from '../../../src/protocol/commands/get-stats.ts';
import { getUser } from '../../../src/protocol/commands/get-user.ts';
import { getUsers } from '../../../src/protocol/commands/get-users.ts';
import { register } from '../../../src/protocol/commands/register.ts';
import { updatePermissions } from '../../../src/protocol/commands/update-permissions.ts';
import { updateUser } from '../../../src/protocol/commands/update-user.ts';
import type { Client, ClientDetails } from '../../../src/protocol/primitives/client-details.ts';
import type { ClusterNode } from '../../../src/protocol/primitives/cluster-node.ts';
import type { ConsumerRouting } from '../../../src/protocol/primitives/consumer-routing.ts';
import type { ConsumerSession } from '../../../src/protocol/primitives/consumer-session.ts';
import type { UserDetails } from '../../../src/protocol/primitives/user.ts';
import { asItIs, type Describe, type Description, describe } from './description.ts';
import { optionFields, permissionFields, plain } from './vector-fields.ts';
import type { Fields } from './vector-files.ts';

const clientFields = ({ clientId, userId, transport, address }: Omit<Client, 'groupsCount'>): Fields => ({
  client_id: clientId,
  user_id: userId ?? 0xffff_ffff,
  transport,
  address,
});

const clientDetailsFields = (client: ClientDetails): Fields => ({ ...clientFields(client), consumer_groups: plain(client.groups) });

const nodeFields = ({ name, host, tcpPort, quicPort, httpPort, websocketPort, role, status }: ClusterNode): Fields => ({
  name,
  ip: host,
  tcp: tcpPort,
  quic: quicPort,
  http: httpPort,
  websocket: websocketPort,
  role,
  status,
});

const sessionFields = ({ client, session, watermark }: ConsumerSession): Fields => ({
  client_id: `0x${client.toString(16)}`,
  session: plain(session),
  metadata_watermark: plain(watermark),
});

const userDetailsFields: Describe<UserDetails> = ({ options, permissions, username, ...user }, generation) =>
  generation === 'classic'
    ? { ...asItIs(user), username, permissions: permissionFields(permissions) }
    : { user: { ...asItIs(user), name: username, options: optionFields(options) }, permissions: globalPermissionFields(permissions) };

/** vsr-vectors.json writes "no streams" as null. */
function globalPermissionFields(permissions: UserDetails['permissions']): Fields | null {
  const fields = permissionFields(permissions);
  return fields !== null && permissions?.streams.size === 0 ? { ...fields, streams: null } : fields;
}

export const routingReply = ({ session, node }: ConsumerRouting): Fields => ({
  consumer_session: sessionFields(session),
  primary: nodeFields(node),
});

export const systemDescriptions: readonly Description[] = [
  describe(getMe, { reply: clientDetailsFields }),
  describe(getClient, { reply: (client) => (client === undefined ? { client: null } : clientDetailsFields(client)) }),
  describe(getClients, {
    reply: (clients) => ({ clients: clients.map((client) => ({ ...clientFields(client), consumer_groups_count: client.groupsCount })) }),
  }),
  describe(getStats, {
    reply: ({ serverVersion, serverSemver, ...stats }) => ({
      ...asItIs(stats),
      iggy_server_version: serverVersion,
      iggy_server_semver: serverSemver,
    }),
  }),
  describe(getClusterMetadata, { reply: ({ name, nodes }) => ({ name, nodes: nodes.map(nodeFields) }) }),
  describe(describeOptions, {
    reply: (options) => ({
      count: options.length,
      entries: options.map(({ key, kind, defaultBytes, description }) => ({ key, kind, default: plain(defaultBytes), description })),
    }),
  }),
  describe(getUser, {
    request: ({ user }) => ({ user_id: user }),
    reply: (user, generation) => (user === undefined ? { user: null } : userDetailsFields(user, generation)),
  }),
  describe(getUsers, { reply: (users) => ({ users: users.map(({ options: _options, ...user }) => asItIs(user)) }) }),
  describe(createUser, {
    request: ({ username, password, status, permissions, options }, generation) =>
      generation === 'classic'
        ? { username, password, status, permissions: permissionFields(permissions) }
        : { name: username, password, status, permissions: globalPermissionFields(permissions), options: optionFields(options) },
    reply: userDetailsFields,
  }),
  describe(deleteUser, { request: ({ user }) => ({ user_id: user }) }),
  describe(updateUser, { request: ({ user, username, status }) => ({ user_id: user, username: plain(username), status: plain(status) }) }),
  describe(updatePermissions, { request: ({ user, permissions }) => ({ user_id: user, permissions: permissionFields(permissions) }) }),
  describe(changePassword, { request: ({ user, ...passwords }) => ({ user_id: user, ...asItIs(passwords) }) }),
  describe(getPersonalAccessTokens, { reply: (tokens) => ({ tokens: plain(tokens) }) }),
  describe(register, {
    request: ({ password, token, ...version }) => ({ ...asItIs(version), ...(password ?? token) }),
    reply: ({ protocolVersion, ...reply }) => ({ ...asItIs(reply), server_protocol_version: protocolVersion }),
  }),
  describe(attachConsumerSession, { request: sessionFields }),
];
