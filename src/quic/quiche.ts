// The native binding of @matrixai/quic, without the classes of that package.

import type { Quiche } from '@matrixai/quic/native/quiche.js';
import type { Config, Connection, Header } from '@matrixai/quic/native/types.js';

export type { Config, Connection, Header, Quiche };

/** Rejects with the reason where the package has no binary for this platform. */
export async function loadQuiche(): Promise<Quiche> {
  return (await import('@matrixai/quic/native/quiche.js')).default;
}
