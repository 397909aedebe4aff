/**
 * Everything that a program needs: a client for Galgo and for Iggy, 0.8 and 0.9, and the server inside a program.
 *
 * @module galgo
 */

// biome-ignore-all lint/performance/noBarrelFile: the entry of the package; nothing inside of it imports this file.
export * from './client/index.ts';
export { Galgo, type InProcessClientOptions } from './galgo.ts';
export type { GalgoConfig, GalgoOptions, RootCredentials } from './galgo-options.ts';
