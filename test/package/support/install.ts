// The package as people get it: packed with an addon that was compiled elsewhere, and installed into an empty folder where nothing can be compiled.

import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { placePrebuild } from '../../../scripts/make-prebuild.ts';
import { temporaryFolder } from '../../support/test-server.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const execute = promisify(execFile);
const timeoutMs = 180_000;

export interface InstalledPackage {
  /** The user's project, an ES module. */
  readonly project: string;
  /** Where the package lies in it. */
  readonly folder: string;
  /** Writes a file of the project. */
  write(name: string, content: string): void;
  /** Runs a program of the project and resolves to what it printed. Rejects with all its output if it fails. */
  run(...args: string[]): Promise<string>;
  /** Checks the project's types under these compiler options, and resolves to the errors. */
  typeErrors(options: Readonly<Record<string, unknown>>, ...files: string[]): Promise<string[]>;
  remove(): void;
}

export async function installPackage(): Promise<InstalledPackage> {
  const temporary = temporaryFolder();
  const project = path.join(temporary.path, 'project');
  const pack = async (folder: string, to: string) => {
    mkdirSync(to);
    await execute('npm', ['pack', folder, '--ignore-scripts', '--silent', '--pack-destination', to], { cwd: root, timeout: timeoutMs });
    // Its name ends with the version, which is not the test's business.
    return path.join(to, readdirSync(to)[0] as string);
  };

  const compiledByUsers = await pack('.', path.join(temporary.path, 'without'));
  await execute('tar', ['-xzf', compiledByUsers], { cwd: temporary.path });
  const unpacked = path.join(temporary.path, 'package');
  placePrebuild(path.join(root, 'build', 'Release', 'galgo.node'), unpacked);
  const tarball = await pack(unpacked, path.join(temporary.path, 'with'));

  mkdirSync(project);
  writeFileSync(path.join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }));
  const { devDependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const nodeTypes = `@types/node@${devDependencies['@types/node']}`;
  await execute('npm', ['install', tarball, nodeTypes, '--prefix', project, '--prefer-offline', '--no-audit', '--no-fund', '--silent'], {
    cwd: project,
    env: { ...process.env, CXX: '/bin/false', CC: '/bin/false', MAKE: '/bin/false' },
    timeout: timeoutMs,
  });

  return {
    project,
    folder: path.join(project, 'node_modules', 'galgo'),
    write: (name, content) => writeFileSync(path.join(project, name), content),
    async run(...args) {
      const { stdout } = await execute(process.execPath, args, { cwd: project, timeout: 60_000 });
      return stdout;
    },
    async typeErrors(options, ...files) {
      const compilerOptions = {
        target: 'es2022',
        lib: ['es2022', 'esnext.disposable'],
        strict: true,
        noEmit: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        types: ['node'],
        ...options,
      };
      writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
      const compiler = path.join(root, 'node_modules', '.bin', 'tsc');
      const { stdout } = await execute(compiler, ['-p', project], { timeout: timeoutMs }).catch((error) => error);
      // What Node's own types have to complain of is not ours.
      return String(stdout)
        .split('\n')
        .filter((line) => /error TS/.test(line) && !/node_modules\/@types\/node\//.test(line));
    },
    remove: () => temporary.remove(),
  };
}
