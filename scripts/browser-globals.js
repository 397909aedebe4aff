// What the client takes for granted in Node and browsers lack; see build-browser.js.

// biome-ignore lint/performance/noBarrelFile: esbuild puts it where the name is used.
export { Buffer } from 'buffer/';
