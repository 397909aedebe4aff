// The best UDP socket that can be had.

import { type Addon, loadAddon } from '../addon/addon.ts';
import type { DatagramReceiver, DatagramSocket, DatagramSocketOptions } from './datagram-socket.ts';
import { openNativeUdp } from './native-udp.ts';
import { openPortableUdp } from './portable-udp.ts';

/** Without `openNative`, on `node:dgram`. Rejects with the reason if the address cannot be bound. */
export async function openUdp(
  openNative: Addon['openUdp'],
  options: DatagramSocketOptions,
  receiver: DatagramReceiver,
): Promise<DatagramSocket> {
  return openNative === undefined ? openPortableUdp(options, receiver) : openNativeUdp(openNative, options, receiver);
}

/** The addon's socket, or undefined where there is none. */
export function nativeUdp(): Addon['openUdp'] {
  try {
    return loadAddon().openUdp;
  } catch {
    return undefined;
  }
}
