// Client
//   client id     u32
//   user id       u32, 2³² − 1 when not logged in
//   transport     u8: 1 TCP, 2 QUIC, 3 HTTP, 4 WebSocket
//   address       u32 length, UTF-8: ip:port
//   groups        u32 count
// Client details: a client, then for each of its groups
//   stream u32 · topic u32 · group u32

import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { readMember, Transport } from './enumerations.ts';

export interface Client {
  clientId: number;
  /** Undefined when the connection is not logged in. */
  userId: number | undefined;
  transport: Transport;
  /** `ip:port` of the peer. */
  address: string;
  groupsCount: number;
}

export interface ClientGroup {
  streamId: number;
  topicId: number;
  groupId: number;
}

export interface ClientDetails extends Omit<Client, 'groupsCount'> {
  groups: ClientGroup[];
}

const anonymous = 0xffff_ffff;

export function readClient(reader: Reader): Client {
  const clientId = reader.u32();
  const userId = reader.u32();
  return {
    clientId,
    userId: userId === anonymous ? undefined : userId,
    transport: readMember(reader, Transport, 'transport'),
    address: reader.longText(),
    groupsCount: reader.u32(),
  };
}

export function writeClient(writer: Writer, client: Client): void {
  writer
    .u32(client.clientId)
    .u32(client.userId ?? anonymous)
    .u8(client.transport)
    .longText(client.address)
    .u32(client.groupsCount);
}

export function readClientDetails(reader: Reader): ClientDetails {
  const { groupsCount, ...client } = readClient(reader);
  const groups: ClientGroup[] = [];
  for (let index = 0; index < groupsCount; index++) {
    groups.push({ streamId: reader.u32(), topicId: reader.u32(), groupId: reader.u32() });
  }
  return { ...client, groups };
}

export function writeClientDetails(writer: Writer, client: ClientDetails): void {
  writeClient(writer, { ...client, groupsCount: client.groups.length });
  for (const group of client.groups) writer.u32(group.streamId).u32(group.topicId).u32(group.groupId);
}
