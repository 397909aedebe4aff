// The client for Galgo and for Iggy, 0.8 and 0.9: all of `galgo/client`, and of `galgo` all but the server.

// biome-ignore-all lint/performance/noBarrelFile: an entry of the package; nothing of the client imports this file.
export * from './api.ts';
export { connect } from './connect.ts';
