// Makes the native addon usable: npm runs this after installing the package (`npm install`, `npm rebuild galgo`).
//
// A prebuilt addon that loads here is enough. Else binding.gyp is compiled with the node-gyp that comes with npm, into build/Release/galgo.node. Nothing is downloaded:
// the headers are those of the npm package node-api-headers, and native/gyp stands in for the Node header folder that node-gyp would fetch.
//
// Environment: GALGO_BUILD=1 compiles even if a prebuilt addon fits; GALGO_WERROR=1 makes warnings errors; CXX, MAKE and PYTHON name other tools; JOBS limits parallel
// compilers (all processors by default).

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

if (process.env.GALGO_BUILD !== '1' && prebuiltAddons().some(loads)) process.exit(0);

const missing = missingTools();
if (missing.length > 0) fail(`Missing here: ${missing.join(', ')}.`);
const nodeGyp = findNodeGyp();
if (nodeGyp === undefined)
  fail('node-gyp was not found. It comes with npm: install with npm, or set npm_config_node_gyp to its bin/node-gyp.js.');

// A relative folder, because make cannot stand spaces in those above.
const { status, error } = spawnSync(
  process.execPath,
  [nodeGyp, 'configure', 'build', '--nodedir=native/gyp', '--release', '--loglevel=warn'],
  { cwd: root, env: buildEnvironment(), stdio: 'inherit' },
);
if (status !== 0)
  fail(error?.message ?? 'The compiler reported the errors above. A C++20 compiler is needed: g++ 11 or clang 14, or newer.');
if (!loads(path.join(root, 'build', 'Release', 'galgo.node'))) fail('The addon was compiled, but Node cannot load it.');

function prebuiltAddons() {
  const folder = path.join(root, 'prebuilds');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names
    .filter((name) => name.startsWith(`${process.platform}-${process.arch}`))
    .map((name) => path.join(folder, name, 'galgo.node'));
}

/** Tried in a process of its own, because an addon built for another C library may do worse than fail to load. */
function loads(file) {
  return existsSync(file) && spawnSync(process.execPath, ['-e', 'require(process.argv[1])', file]).status === 0;
}

function missingTools() {
  const tools = [
    ['a C++ compiler', process.env.CXX ? [process.env.CXX] : ['g++', 'c++', 'clang++']],
    ['make', [process.env.MAKE || 'make']],
    ['python3', [process.env.npm_config_python || process.env.PYTHON || 'python3', 'python']],
  ];
  return tools.filter(([, commands]) => !commands.some(runs)).map(([name]) => name);
}

function runs(command) {
  // CXX may hold a compiler launcher and flags, as for make.
  const [program, ...flags] = command.split(' ');
  return spawnSync(program, [...flags, '--version'], { stdio: 'ignore' }).status === 0;
}

function findNodeGyp() {
  const given = process.env.npm_config_node_gyp;
  if (given && existsSync(given)) return given;
  // npm itself says where it runs; outside of npm it lies beside Node.
  const beside = path.join(path.dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'package.json');
  for (const from of [process.env.npm_execpath, beside]) {
    try {
      if (from) return createRequire(from).resolve('node-gyp/bin/node-gyp.js');
    } catch {
      // Another package manager, or a Node without npm.
    }
  }
  return undefined;
}

/** node-gyp lets npm's settings win over its arguments, and some of them (headers, target, mirror) are meant for addons that need Node's own headers. */
function buildEnvironment() {
  const ours = /^npm_(package_)?config_(node_gyp_)?(nodedir|dist[-_]?url|devdir|tarball|target|runtime|debug|ensure)$/i;
  const kept = Object.entries(process.env).filter(([name]) => !ours.test(name));
  return { JOBS: 'max', ...Object.fromEntries(kept) };
}

function fail(reason) {
  console.error(`
Galgo's native engine has to be compiled on this machine (${process.platform}-${process.arch}, Node ${process.version}). That needs a C++20 compiler, make and python3.
${reason}

  Debian, Ubuntu   apt-get install g++ make python3
  Fedora, RHEL     dnf install gcc-c++ make python3
  Alpine           apk add g++ make python3
  macOS            xcode-select --install
`);
  process.exit(1);
}
