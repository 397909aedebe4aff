// scripts/build-browser.js makes one file of this.

/**
 * The client for web pages.
 *
 * @module galgo/browser
 */

// biome-ignore-all lint/performance/noBarrelFile: an entry of the package; nothing of the client imports this file.
export * from './api.ts';
export { connect } from './connect-browser.ts';
