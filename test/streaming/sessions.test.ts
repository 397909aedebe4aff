import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { type ClientRecord, Clients } from '../../src/streaming/clients.ts';
import { systemClock } from '../../src/streaming/clock.ts';
import { SendWindows } from '../../src/streaming/send-windows.ts';
import { Sessions } from '../../src/streaming/sessions.ts';
import { plentyOfMemory } from './support/plenty-of-memory.ts';

let clients: Clients;
let sessions: Sessions;

beforeEach(() => {
  clients = new Clients();
  sessions = new Sessions(new SendWindows(1024, systemClock, plentyOfMemory), () => undefined);
});

const connect = (): ClientRecord => clients.connect('tcp', '127.0.0.1:1', 0);

describe('the session of a login', () => {
  it('has a number above 0 that rises with every login', () => {
    const numbers = [11n, 12n, 11n].map((clientId) => sessions.open(connect(), clientId, 7));
    assert.deepEqual(numbers, [1n, 2n, 3n]);
  });

  it('is taken over by the connection that presents its client id; the former one is anonymous', () => {
    const former = connect();
    sessions.open(former, 11n, 7);
    const heir = connect();
    const number = sessions.open(heir, 11n, 7);
    assert.deepEqual([former.userId, former.session], [undefined, undefined]);
    assert.deepEqual([heir.userId, heir.session?.clientId, heir.session?.number], [7, 11n, number]);
  });

  it('of another user is not taken over', () => {
    const holder = connect();
    sessions.open(holder, 11n, 7);
    const stranger = connect();
    assert.equal(sessions.open(stranger, 11n, 8), undefined);
    assert.deepEqual([stranger.userId, stranger.session], [undefined, undefined]);
    assert.equal(holder.userId, 7);
  });

  it('leaves its client id to anybody once it is closed', () => {
    const former = connect();
    sessions.open(former, 11n, 7);
    sessions.close(former);
    assert.notEqual(sessions.open(connect(), 11n, 8), undefined);
  });

  it('that was taken over does not close the heir’s when its connection ends', () => {
    const former = connect();
    sessions.open(former, 11n, 7);
    const heir = connect();
    sessions.open(heir, 11n, 7);
    sessions.close(former);
    assert.equal(heir.userId, 7);
    assert.equal(sessions.open(connect(), 11n, 8), undefined, 'the heir still holds the client id');
  });

  it('gives its former client id back when the connection logs in with another', () => {
    const client = connect();
    sessions.open(client, 11n, 7);
    sessions.open(client, 12n, 7);
    assert.notEqual(sessions.open(connect(), 11n, 8), undefined);
    assert.equal(client.userId, 7);
    assert.equal(client.session?.clientId, 12n);
  });
});

describe('connections', () => {
  it('have numbers from 1 that are not used again', () => {
    const first = connect();
    const second = connect();
    clients.disconnect(second);
    assert.deepEqual([first.id, second.id, connect().id], [1, 2, 3]);
    assert.deepEqual(
      clients.list().map(({ id }) => id),
      [1, 3],
    );
    assert.equal(clients.get(second.id), undefined);
    assert.equal(clients.size, 2);
  });
});
