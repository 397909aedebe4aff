// A UDP proxy that stands for a bad network: loses, delays and so reorders datagrams, or lets nothing through.

import dgram from 'node:dgram';

export interface UdpProxy {
  /** host:port of the proxy. */
  readonly address: string;
  /** Each datagram is lost with that likelihood, else delayed by up to so many milliseconds. */
  disturb(disturbance: { lossRatio: number; delayMsMax: number }): void;
  /** Datagrams that are longer are lost. */
  narrow(datagramBytesMax: number): void;
  /** Nothing passes, until false. */
  silence(silent: boolean): void;
  close(): Promise<void>;
}

export async function startUdpProxy(target: string): Promise<UdpProxy> {
  const at = target.lastIndexOf(':');
  const upstream = { host: target.slice(0, at), port: Number(target.slice(at + 1)) };
  const front = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
  await new Promise<void>((resolve) => front.bind(0, '127.0.0.1', resolve));
  const backs = new Map<number, dgram.Socket>();
  let silent = false;
  let lossRatio = 0;
  let delayMsMax = 0;
  let datagramBytesMax = Number.POSITIVE_INFINITY;
  let closed = false;

  const pass = (bytes: Buffer, send: () => void) => {
    if (silent || bytes.length > datagramBytesMax || Math.random() < lossRatio) return;
    if (delayMsMax === 0) send();
    else setTimeout(() => closed || send(), Math.random() * delayMsMax);
  };

  front.on('message', (bytes, from) => {
    let back = backs.get(from.port);
    if (back === undefined) {
      back = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
      back.on('message', (answer) => pass(answer, () => front.send(answer, from.port, from.address)));
      back.on('error', () => undefined);
      backs.set(from.port, back);
    }
    const socket = back;
    pass(bytes, () => socket.send(bytes, upstream.port, upstream.host));
  });

  return {
    address: `127.0.0.1:${front.address().port}`,
    disturb(disturbance) {
      ({ lossRatio, delayMsMax } = disturbance);
    },
    narrow(bytes) {
      datagramBytesMax = bytes;
    },
    silence(value) {
      silent = value;
    },
    async close() {
      closed = true;
      for (const socket of [front, ...backs.values()]) await new Promise<void>((resolve) => socket.close(() => resolve()));
    },
  };
}
