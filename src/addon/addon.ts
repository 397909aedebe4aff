// Finds and loads the native addon: the one compiled here by `npm install`, else a prebuilt one for this platform.

import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/**
 * The native engine. Numbers go in through `words`; native/binding/call_block.h holds the layout of every call, and which answers come back in the words. Functions return
 * a status (`EngineStatus`) and throw RangeError or TypeError on wrong use.
 */
export interface NativeEngine {
  /** What other threads attach themselves by. */
  readonly number: number;
  /** Twenty-four float64 words. */
  readonly words: ArrayBuffer;
  /** The completion record of the last append or poll that ran inline. */
  readonly result: ArrayBuffer;
  /** The completion records that the dispatcher is called for. */
  readonly window: ArrayBuffer;

  append(bytes: Uint8Array): number;
  poll(): number;
  storeOffset(): number;
  loadOffset(): number;
  deleteOffset(): number;

  open(directory: string): number;
  configure(): number;
  readProducers(): number;
  flush(): number;
  deleteSegments(): number;
  purge(): number;
  verify(): number;
  repair(directory: string): number;
  checkStored(): number;
  restore(): number;
  close(): number;
  stats(): number;
  segments(figures: Float64Array): number;

  acquireSlot(): number;
  releaseSlot(): number;
  passSlot(): number;
  takeSlot(): number;
  slotMemory(): ArrayBuffer;
  bufferStats(): number;
  idStats(): number;
  engineStats(figures: Float64Array): number;
  memoryStats(): number;
  takeMemory(): number;
  giveMemory(): number;
  trim(): number;

  /** Throws while requests are outstanding. */
  shutdown(): void;
}

/** A UDP socket. The buffers live as long as it; the records have the layout of native/udp/udp_socket.h. Functions must be called on the object. */
export interface NativeUdpSocket {
  readonly received: ArrayBuffer;
  readonly receiveRecords: ArrayBuffer;
  readonly toSend: ArrayBuffer;
  readonly sendRecords: ArrayBuffer;
  readonly port: number;
  /** The kernel joins datagrams on their way out, and on their way in. */
  readonly joinsSends: boolean;
  readonly joinsReceives: boolean;
  /** How many records were received, 0 if nothing waits; negative: an errno. */
  receive(): number;
  /** Sends the first `count` records; returns how many were taken. Of one whose datagrams are longer than the device carries the size of datagrams is 0 then. Throws RangeError for a record that is wrong. */
  send(count: number): number;
  watchWritable(on: boolean): void;
  close(): void;
}

export interface Addon {
  /**
   * `options` are the numeric fields of EngineOptions in their order. `dispatch` is called when `count` completions lie in the window. `keys`: of encryption at rest, 40 bytes
   * each: id u64 little-endian, not 0, and the AES-256 key. With `encrypts` the first one is for new records.
   */
  createEngine(options: Float64Array, dispatch: (count: number) => void, keys: Uint8Array | undefined, encrypts: boolean): NativeEngine;
  /** The same for an engine that another thread of this process made. Throws if there is none with this number. */
  attachEngine(number: number, dispatch: (count: number) => void): NativeEngine;
  xxh32(bytes: Uint8Array): number;
  xxh3(bytes: Uint8Array): bigint;
  /** Sends one datagram to the service manager's socket, see sd_notify(3). Returns 0, or the errno of what failed. */
  notify(socketPath: string, message: string): number;
  /** Locks a file, made if missing, and writes the pid into it. Returns the descriptor, or undefined if somebody else holds it. Throws what else fails. */
  lockFile(path: string): number | undefined;
  unlockFile(descriptor: number): void;
  /** A second descriptor of the same open file. Throws with the reason. */
  duplicateDescriptor(descriptor: number): number;
  /**
   * Binds a UDP socket to a numeric address; `bufferBytes` is asked of the kernel for each direction. `onEvents` is called from the event loop with bit 0 for readable and
   * bit 1 for writable. Throws with the reason. Only on Linux.
   */
  openUdp?(host: string, port: number, bufferBytes: number, offload: boolean, onEvents: (events: number) => void): NativeUdpSocket;
  /** Binds `count` sockets to one address, which datagrams reach by the QUIC connection ids that they name, see native/udp/udp_group.h. Throws with the reason. Only on Linux. */
  openUdpGroup?(host: string, port: number, bufferBytes: number, count: number): { port: number; descriptors: number[] };
  /** Takes over a socket of a group, which is then as one of `openUdp`. Only on Linux. */
  adoptUdp?(descriptor: number, offload: boolean, onEvents: (events: number) => void): NativeUdpSocket;
  /** The path of a copy of a shared library, which loads beside the original. It stays for the life of the process. Throws with the reason. Only on Linux. */
  copyLibrary?(path: string): string;
}

/** Throws with the reason for each file that was tried. */
export function loadAddon(): Addon {
  const root = packageRoot(import.meta.dirname);
  const require = createRequire(import.meta.url);
  const failures: string[] = [];
  for (const file of addonFiles(root)) {
    try {
      return require(file) as Addon;
    } catch (error) {
      // Node adds a stack of requires below the first line.
      const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
      failures.push(`  ${file}: ${reason}`);
    }
  }
  const reasons =
    failures.length > 0 ? failures.join('\n') : `  neither compiled in ${root} nor prebuilt for ${process.platform}-${process.arch}`;
  throw new Error(`The native engine cannot be loaded. Run "npm rebuild galgo" ("npm install" in a clone) to compile it.\n${reasons}`);
}

function addonFiles(root: string): string[] {
  const compiled = path.join(root, 'build', 'Release', 'galgo.node');
  const prebuilds = path.join(root, 'prebuilds');
  // Folders are named platform-architecture-libc; one for another C library fails to load, and the next is tried.
  const names = existsSync(prebuilds) ? readdirSync(prebuilds) : [];
  const fitting = names.filter((name) => name.startsWith(`${process.platform}-${process.arch}`)).sort();
  return [...(existsSync(compiled) ? [compiled] : []), ...fitting.map((name) => path.join(prebuilds, name, 'galgo.node'))];
}

/** Sources and compiled files lie at different depths below the package's folder. */
function packageRoot(folder: string): string {
  if (existsSync(path.join(folder, 'binding.gyp'))) return folder;
  const parent = path.dirname(folder);
  if (parent === folder) throw new Error('The native engine cannot be loaded: binding.gyp is in no folder above this file');
  return packageRoot(parent);
}
