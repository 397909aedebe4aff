// Checks the directions of imports: node --import tsx scripts/check-imports.ts
//
// A folder of src/ may import from itself and from folders that stand below it in `layers`, never from above; and no folders, at any depth, may import each other in a
// circle. Type imports count: who needs a type knows its owner.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

// From the top.
const layers = [
  'index',
  'galgo',
  'embedded',
  'galgo-options',
  'main',
  'server',
  'cli',
  'import',
  'bench',
  'workers',
  'jobs',
  'transports',
  'handlers',
  'client',
  'console',
  'streaming',
  'storage',
  'quic',
  'addon',
  'protocol',
  'config',
  'observability',
] as const;

// What knows less than its place in the list would let it.
const only: Readonly<Record<string, readonly string[]>> = {
  bench: ['client', 'protocol', 'config'],
  client: ['quic', 'protocol'],
  console: [],
  quic: ['addon'],
  addon: [],
  protocol: [],
};

export interface SourceFile {
  /** Relative to src/. */
  path: string;
  content: string;
}

/** One sentence for each import that runs the wrong way. */
export function wrongImports(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const from = layerOf(file.path);
    if (!isLayer(from)) return [`${file.path}: src/${from} is not in the list of layers`];
    return importsOf(file).flatMap((target) => {
      const to = layerOf(target);
      if (from === to) return [];
      if (target.startsWith('..')) return [`${file.path} imports ${target}, which is outside of src/`];
      if (!isLayer(to)) return [`${file.path} imports ${target}: src/${to} is not in the list of layers`];
      if (layers.indexOf(to) < layers.indexOf(from)) return [`${file.path} imports ${target}: ${to} is above ${from}`];
      if (only[from] && !only[from].includes(to))
        return [`${file.path} imports ${target}: ${from} may know ${only[from].join(', ') || 'nothing'} only`];
      return [];
    });
  });
}

/** The circles of folders, each as `a → b → a`. */
export function folderCircles(files: readonly SourceFile[]): string[] {
  const imports = new Map<string, Set<string>>();
  for (const file of files) {
    const from = path.posix.dirname(file.path);
    const targets = imports.get(from) ?? new Set<string>();
    imports.set(from, targets);
    for (const target of importsOf(file)) if (path.posix.dirname(target) !== from) targets.add(path.posix.dirname(target));
  }

  const circles: string[] = [];
  const finished = new Set<string>();
  const visit = (folder: string, trail: readonly string[]) => {
    const start = trail.indexOf(folder);
    if (start >= 0) circles.push([...trail.slice(start), folder].join(' → '));
    if (start >= 0 || finished.has(folder)) return;
    for (const target of imports.get(folder) ?? []) visit(target, [...trail, folder]);
    finished.add(folder);
  };
  for (const folder of imports.keys()) visit(folder, []);
  return circles;
}

const importPattern = /(?:^|[\s;}])(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?['"](\.[^'"]+)['"]|\bimport\(\s*['"](\.[^'"]+)['"]\s*\)/g;

// Paths relative to src/ of what a file imports from the project.
function importsOf(file: SourceFile): string[] {
  return [...file.content.matchAll(importPattern)].map((match) =>
    path.posix.join(path.posix.dirname(file.path), match[1] ?? match[2] ?? ''),
  );
}

function layerOf(file: string): string {
  return (file.split('/')[0] ?? '').replace(/\.ts$/, '');
}

function isLayer(name: string): name is (typeof layers)[number] {
  return (layers as readonly string[]).includes(name);
}

/** All files of src/. */
export function sourceFiles(): SourceFile[] {
  const source = fileURLToPath(new URL('../src/', import.meta.url));
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => ({ path: file.split(path.sep).join('/'), content: readFileSync(path.join(source, file), 'utf8') }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = sourceFiles();
  const faults = [...wrongImports(files), ...folderCircles(files).map((circle) => `circle of folders: ${circle}`)];
  for (const fault of faults) console.error(fault);
  console.log(`${files.length} files, ${faults.length} faults`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
