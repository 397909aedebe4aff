// Pages of the documentation as programs: the TypeScript blocks of a page, one after another, are one program, and its `text` block is what it prints.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface PageProgram {
  /** Of the page, below the package's folder. */
  page: string;
  code: string;
  /** Undefined: the page does not show it. */
  output: string | undefined;
}

/** All pages that have TypeScript in them. */
export function pagePrograms(packageFolder: string): PageProgram[] {
  const below = (folder: string) =>
    readdirSync(path.join(packageFolder, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => path.join(folder, name));
  return ['README.md', ...below('docs'), ...below('docs/guides')].flatMap((page) => {
    const text = readFileSync(path.join(packageFolder, page), 'utf8');
    const code = blocks(text, 'ts');
    return code === undefined ? [] : [{ page, code, output: blocks(text, 'text') }];
  });
}

function blocks(text: string, language: string): string | undefined {
  const found = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].filter(([, name]) => name === language);
  return found.length === 0 ? undefined : found.map(([, , block]) => block).join('\n');
}
