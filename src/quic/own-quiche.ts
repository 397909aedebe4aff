// The binding of @matrixai/quic for a thread of its own.
//
// napi-rs 2.10, which the binding is made with, keeps in static memory the thread that loaded the library first and one function through which all other threads have the
// buffers they passed released, on whichever thread loaded it last. Two threads that use one image at the same time thereby destroy each other's handles. So every thread but
// the first has a copy of the library, which the loader takes for another one. Node unloads no library whose threads run: a copy stays for the life of the process.

import { createRequire } from 'node:module';
import type { Addon } from '../addon/addon.ts';
import type { Quiche } from './quiche.ts';

/** Throws with the reason if there is no binary for this platform, or no copy can be loaded. To be called once in a thread. */
export function loadOwnQuiche(copyLibrary: NonNullable<Addon['copyLibrary']>): Quiche {
  const fromPackage = createRequire(import.meta.resolve('@matrixai/quic/native/quiche.js'));
  const image = { exports: {} };
  process.dlopen(image, copyLibrary(fromPackage.resolve(`@matrixai/quic-${process.platform}-${process.arch}`)));
  return image.exports as Quiche;
}
