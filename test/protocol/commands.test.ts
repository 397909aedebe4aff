import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Command, Generation } from '../../src/protocol/command.ts';
import { attachConsumerSession } from '../../src/protocol/commands/attach-consumer-session.ts';
import { changePassword } from '../../src/protocol/commands/change-password.ts';
import { createPersonalAccessToken } from '../../src/protocol/commands/create-personal-access-token.ts';
import { createUser } from '../../src/protocol/commands/create-user.ts';
import { deletePersonalAccessToken } from '../../src/protocol/commands/delete-personal-access-token.ts';
import { deleteUser } from '../../src/protocol/commands/delete-user.ts';
import { describeOptions } from '../../src/protocol/commands/describe-options.ts';
import { getClient } from '../../src/protocol/commands/get-client.ts';
import { getClients } from '../../src/protocol/commands/get-clients.ts';
import { getClusterMetadata } from '../../src/protocol/commands/get-cluster-metadata.ts';
import { getMe } from '../../src/protocol/commands/get-me.ts';
import { getPersonalAccessTokens } from '../../src/protocol/commands/get-personal-access-tokens.ts';
import { getPollRouting } from '../../src/protocol/commands/get-poll-routing.ts';
import { getSnapshot } from '../../src/protocol/commands/get-snapshot.ts';
import { getStats } from '../../src/protocol/commands/get-stats.ts';
import { getUser } from '../../src/protocol/commands/get-user.ts';
import { getUsers } from '../../src/protocol/commands/get-users.ts';
import { loginUser } from '../../src/protocol/commands/login-user.ts';
import { loginWithPersonalAccessToken } from '../../src/protocol/commands/login-with-personal-access-token.ts';
import { logoutUser } from '../../src/protocol/commands/logout-user.ts';
import { ping } from '../../src/protocol/commands/ping.ts';
import { register } from '../../src/protocol/commands/register.ts';
import { storeConsumerOffset } from '../../src/protocol/commands/store-consumer-offset.ts';
import { updatePermissions } from '../../src/protocol/commands/update-permissions.ts';
import { updateUser } from '../../src/protocol/commands/update-user.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import { Reader } from '../../src/protocol/reader.ts';
import { Writer } from '../../src/protocol/writer.ts';
import * as any from './support/arbitraries.ts';
import { hasStatus } from './support/has-status.ts';

const generations: readonly Generation[] = ['classic', 'vsr'];
const nothing = fc.constant(undefined);
const { record } = any;

/** Both directions in both generations. `onClassicWire` drops what the classic layout does not carry. */
function roundTrips<Request, Reply>(
  command: Command<Request, Reply>,
  requests: fc.Arbitrary<Request>,
  replies: fc.Arbitrary<Reply>,
  onClassicWire: <Value extends Request | Reply>(value: Value) => Value = (value) => value,
): void {
  test(`${command.name} is decoded as encoded`, () => {
    for (const generation of generations) {
      const carried = generation === 'classic' ? onClassicWire : <Value>(value: Value) => value;
      fc.assert(
        fc.property(requests, (request) => {
          const writer = new Writer(1);
          command.encodeRequest(writer, request, generation);
          assert.deepEqual(command.decodeRequest(new Reader(new Uint8Array(writer.written)), generation), carried(request));
        }),
      );
      fc.assert(
        fc.property(replies, (reply) => {
          const writer = new Writer(1);
          command.encodeReply(writer, reply, generation);
          assert.deepEqual(command.decodeReply(new Reader(new Uint8Array(writer.written)), generation), carried(reply));
        }),
      );
    }
  });
}

function withoutOptions<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(withoutOptions) as Value;
  return typeof value === 'object' && value !== null && 'options' in value ? { ...value, options: noOptions } : value;
}

const user = record({ user: any.identifier });
const login = record({ userId: any.u32 });
const status = fc.constantFrom(1 as const, 2 as const);
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });

roundTrips(ping, nothing, nothing);
roundTrips(logoutUser, nothing, nothing);
roundTrips(getStats, nothing, any.stats);
roundTrips(
  getSnapshot,
  record({ compression: fc.constantFrom(1, 2, 3, 4, 5, 6), types: fc.array(fc.constantFrom(1, 2, 3, 4, 5, 6, 100), { maxLength: 255 }) }),
  any.bytes,
);
roundTrips(getClusterMetadata, nothing, record({ name: any.text, nodes: fc.array(any.clusterNode, { maxLength: 3 }) }));
roundTrips(
  describeOptions,
  record({ scope: fc.constantFrom(1, 2, 3) }),
  fc.array(record({ key: any.name, kind: fc.integer({ min: 1, max: 15 }), defaultBytes: any.bytes, description: any.text }), {
    maxLength: 5,
  }),
);
roundTrips(getMe, nothing, any.clientDetails);
roundTrips(getClient, record({ clientId: any.u32 }), optional(any.clientDetails));
roundTrips(getClients, nothing, fc.array(any.client, { maxLength: 5 }));
roundTrips(getUser, user, optional(any.userDetails), withoutOptions);
roundTrips(getUsers, nothing, fc.array(any.user, { maxLength: 5 }), withoutOptions);
roundTrips(
  createUser,
  record({ username: any.name, password: any.text, status, permissions: any.optionalPermissions, options: any.options }),
  any.userDetails,
  withoutOptions,
);
roundTrips(deleteUser, user, nothing);
roundTrips(
  updateUser,
  record({ user: any.identifier, username: optional(any.name), status: optional(status), options: any.options }),
  nothing,
  withoutOptions,
);
roundTrips(updatePermissions, record({ user: any.identifier, permissions: any.optionalPermissions }), nothing);
roundTrips(changePassword, record({ user: any.identifier, currentPassword: any.text, newPassword: any.text }), nothing);
roundTrips(loginUser, record({ username: any.name, password: any.text, version: any.text, context: any.text }), login);
roundTrips(loginWithPersonalAccessToken, record({ token: any.name }), login);
roundTrips(getPersonalAccessTokens, nothing, fc.array(record({ name: any.name, expiryAt: any.u64 }), { maxLength: 5 }));
roundTrips(createPersonalAccessToken, record({ name: any.name, expiry: any.u64 }), record({ token: any.name }));
roundTrips(deletePersonalAccessToken, record({ name: any.name }), nothing);
roundTrips(attachConsumerSession, any.consumerSession, nothing);
roundTrips(
  storeConsumerOffset,
  record({ consumer: any.consumer, stream: any.identifier, topic: any.identifier, partition: any.partition, offset: any.u64 }),
  nothing,
);

test('GetPollRouting answers with a session and a node', () => {
  fc.assert(
    fc.property(record({ session: any.consumerSession, node: any.clusterNode }), (routing) => {
      const writer = new Writer(1);
      getPollRouting.encodeReply(writer, routing, 'vsr');
      assert.deepEqual(getPollRouting.decodeReply(new Reader(writer.written), 'vsr'), routing);
    }),
  );
});

const version = { protocolVersion: 11_264, sdkName: 'rust-sdk', sdkVersion: '0.11.0' };

function registered(hex: string) {
  return register.decodeRequest(new Reader(Buffer.from(hex, 'hex')), 'vsr');
}

test('Register is decoded as encoded, in both forms', () => {
  const head = { protocolVersion: any.u32, sdkName: any.name, sdkVersion: any.name };
  const password = record({ ...head, password: record({ username: any.name, password: any.text, context: any.text }), token: nothing });
  const token = record({ ...head, password: nothing, token: record({ token: any.name, context: any.text }) });
  fc.assert(
    fc.property(fc.oneof(password, token), (request) => {
      const writer = new Writer(1);
      register.encodeRequest(writer, request, 'vsr');
      const decoded = register.decodeRequest(new Reader(writer.written), 'vsr');
      assert.equal(decoded.protocolVersion, request.protocolVersion);
      assert.equal(decoded.sdkName, request.sdkName);
      assert.equal(decoded.sdkVersion, request.sdkVersion);
      if (request.password !== undefined) assert.deepEqual(decoded.password, request.password);
      else assert.deepEqual(decoded.token, request.token);
    }),
  );
  const reply = { userId: 0, session: 7n, protocolVersion: 11_264, serverVersion: '0.9.0' };
  const writer = new Writer();
  register.encodeReply(writer, reply, 'vsr');
  assert.deepEqual(register.decodeReply(new Reader(writer.written), 'vsr'), reply);
});

test('a login that fits neither form still tells its version, so that a newer client learns why it is refused', () => {
  const writer = new Writer();
  register.encodeRequest(writer, { ...version, protocolVersion: 12_290, password: undefined, token: undefined }, 'vsr');
  const { protocolVersion, password, token } = registered(`${writer.written.toString('hex')}05616263`);
  assert.deepEqual({ protocolVersion, password, token }, { protocolVersion: 12_290, password: undefined, token: undefined });
  assert.throws(() => registered('002c0000'), hasStatus(3));
  assert.throws(() => registered('002c00000001'), hasStatus(4));
});

test('a login that fits both forms is given in both', () => {
  const writer = new Writer();
  register.encodeRequest(writer, { ...version, password: undefined, token: { token: 'abc', context: '\u0000\u0000' } }, 'vsr');
  const bytes = Buffer.concat([writer.written, Buffer.alloc(4)]);
  const { password, token } = register.decodeRequest(new Reader(bytes), 'vsr');
  assert.equal(token?.token, 'abc');
  assert.equal(password?.username, 'abc');
});

test('bytes after the last field are ignored, as clients send them', () => {
  // Node sends five more bytes after absent permissions; C# four zero bytes after a token, one byte after UpdateUser.
  const created = createUser.decodeRequest(new Reader(Buffer.from('0175017001000100000000', 'hex')), 'classic');
  assert.equal(created.permissions, undefined);
  assert.deepEqual(
    loginWithPersonalAccessToken.decodeRequest(new Reader(Buffer.from('0261620000 0000'.replace(' ', ''), 'hex')), 'classic'),
    { token: 'ab' },
  );
  const updated = updateUser.decodeRequest(new Reader(Buffer.from('01040100000000010200', 'hex')), 'classic');
  assert.deepEqual([updated.username, updated.status], [undefined, 2]);
});

test('flags of absent fields: anything but 1 means none', () => {
  const updated = updateUser.decodeRequest(new Reader(Buffer.from('01040100000002ff', 'hex')), 'classic');
  assert.deepEqual([updated.username, updated.status], [undefined, undefined]);
});

test('unknown enumeration values in requests are error 3, empty names error 4', () => {
  const decode = (command: Command<unknown, unknown>, hex: string) => () =>
    command.decodeRequest(new Reader(Buffer.from(hex, 'hex')), 'classic');
  assert.throws(decode(getSnapshot, '0700'), hasStatus(3));
  assert.throws(decode(getSnapshot, '010107'), hasStatus(3));
  assert.throws(decode(getSnapshot, '010201'), hasStatus(3));
  assert.throws(decode(describeOptions, '04'), hasStatus(3));
  assert.throws(decode(createUser, '01750170030000'), hasStatus(3));
  assert.throws(decode(createUser, '000170010000'), hasStatus(4));
  assert.throws(decode(createPersonalAccessToken, '000000000000000000'), hasStatus(4));
  assert.throws(decode(loginWithPersonalAccessToken, '00'), hasStatus(4));
  assert.throws(decode(loginUser, '0469676779046967677900000000'), hasStatus(3));
});

test('values that do not fit the wire are refused by the encoder', () => {
  assert.throws(
    () => changePassword.encodeRequest(new Writer(), { user: 1, currentPassword: 'x'.repeat(256), newPassword: '' }, 'classic'),
    RangeError,
  );
  assert.throws(() => getSnapshot.encodeRequest(new Writer(), { compression: 1, types: new Array(256).fill(1) }, 'classic'), RangeError);
  assert.throws(() => deleteUser.encodeRequest(new Writer(), { user: 2 ** 32 }, 'classic'), RangeError);
  for (const value of [-1n, 2n ** 64n]) assert.throws(() => new Writer().u64(value), RangeError);
  for (const value of [-1n, 2n ** 128n]) assert.throws(() => new Writer().u128(value), RangeError);
  for (const value of [-1, 1.5]) assert.throws(() => new Writer().u32(value), RangeError);
});
