// Compiles the native addon for publishing: node --import tsx scripts/make-prebuild.ts
//
// The result is prebuilds/<system>-<processor>[-<C library>]/galgo.node, which `npm pack` takes along and `npm install` uses where it loads (scripts/build-addon.js). It carries
// its C++ runtime, so that an older one on the user's machine does not matter; it needs the C library of this machine or a newer one: compile on the oldest system to support.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Puts an addon that was compiled on this machine where a package has its prebuilt ones. */
export function placePrebuild(addon: string, packageFolder: string): string {
  const folder = path.join(packageFolder, 'prebuilds', platformName());
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'galgo.node');
  copyFileSync(addon, file);
  return file;
}

function platformName(): string {
  const name = `${process.platform}-${process.arch}`;
  if (process.platform !== 'linux') return name;
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return `${name}-${header.glibcVersionRuntime === undefined ? 'musl' : 'glibc'}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const linking = process.platform === 'linux' ? { LDFLAGS: '-static-libstdc++ -static-libgcc -s' } : {};
  const env = { ...process.env, ...linking, GALGO_BUILD: '1' };
  const { status } = spawnSync(process.execPath, ['scripts/build-addon.js'], { stdio: 'inherit', cwd: root, env });
  if (status !== 0) process.exit(status ?? 1);
  console.log(path.relative(root, placePrebuild(path.join(root, 'build', 'Release', 'galgo.node'), root)));
}
