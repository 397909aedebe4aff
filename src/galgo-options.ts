// What a server in this process can be told. Apart from embedded.ts, so that the types of the package do not lead to those of the whole server and its libraries.

import type { Logger } from 'pino';
import type { ConfigOf, schema } from './config/schema.ts';

/** Settings by the sections and keys of docs/configuration.md, none of which must be there. */
export type GalgoConfig = { [Section in keyof ConfigOf<typeof schema>]: ConfigOf<typeof schema>[Section] };

/** Name and password of a root user. */
export interface RootCredentials {
  /** 3 to 50 bytes. */
  username: string;
  /** 3 to 100 bytes. */
  password: string;
}

/** What a server in this process can be told. */
export interface GalgoOptions {
  /** Folder of all data; it is made if it is not there. Default: a temporary one, which `close` removes. */
  path?: string;
  /** Settings. Listeners are off unless they are switched on here: `{ tcp: { enabled: true, address: '127.0.0.1:0' } }`. */
  config?: GalgoConfig;
  /** Name and password of the root user that the first start on a folder makes. Default: `iggy`, and a password that `rootPassword` tells. */
  root?: RootCredentials;
  /** Gets the server's log, a pino logger. Default: nobody does. */
  logger?: Logger;
}
