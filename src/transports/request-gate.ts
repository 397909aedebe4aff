// What keeps requests back while it is not known what they must be judged by.

import type { ClientRecord } from '../streaming/clients.ts';
import type { MemoryWaiter } from './receive-buffers.ts';

export interface RequestGate {
  /** True: requests of this client may be handled now. False: not yet, and `waiter.resume` is called once it is worth trying again. */
  pass(client: ClientRecord, waiter: MemoryWaiter): boolean;
}
