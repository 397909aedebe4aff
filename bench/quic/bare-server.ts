// The bare server of bare-endpoint.ts as a process of its own: prints its address, and answers like a server that has nothing to do.

import { createAuthority } from '../../test/support/certificates.ts';
import { startBareServer } from './bare-endpoint.ts';

const classicOk = Buffer.alloc(8);

console.log(await startBareServer(await (await createAuthority()).issue('localhost'), classicOk));
