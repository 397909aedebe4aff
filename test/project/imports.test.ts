import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { folderCircles, sourceFiles, wrongImports } from '../../scripts/check-imports.ts';

const file = (path: string, content: string) => ({ path, content });

describe('the directions of imports', () => {
  it('hold in src/', () => {
    const files = sourceFiles();
    assert(files.length > 50);
    assert.deepEqual(wrongImports(files), []);
    assert.deepEqual(folderCircles(files), []);
  });

  it('an import from above is found, however it is written', () => {
    const upward = [
      "import { a } from '../handlers/a.ts';",
      "import type { A } from '../handlers/a.ts';",
      "import {\n  a,\n  b,\n} from '../handlers/a.ts';",
      "import '../handlers/a.ts';",
      "export { a } from '../handlers/a.ts';",
      "const a = await import('../handlers/a.ts');",
    ];
    for (const content of upward) {
      assert.deepEqual(
        wrongImports([file('streaming/b.ts', content)]),
        ['streaming/b.ts imports handlers/a.ts: handlers is above streaming'],
        content,
      );
    }
  });

  it('imports from below, from beside and from packages are fine', () => {
    const content =
      "import net from 'node:net';\nimport { z } from 'zod';\nimport { a } from '../storage/a.ts';\nimport { b } from './b.ts';\n";
    assert.deepEqual(wrongImports([file('streaming/c.ts', content)]), []);
  });

  it('the SDK and the protocol know nothing of the server', () => {
    assert.equal(wrongImports([file('client/a.ts', "import { b } from '../streaming/b.ts';")]).length, 1);
    assert.equal(wrongImports([file('client/a.ts', "import { b } from '../protocol/b.ts';")]).length, 0);
    assert.equal(wrongImports([file('protocol/a.ts', "import { b } from '../config/b.ts';")]).length, 1);
  });

  it('folders without a place and imports from outside are found', () => {
    assert.equal(wrongImports([file('helpers/a.ts', '')]).length, 1);
    assert.equal(wrongImports([file('jobs/a.ts', "import { b } from '../../scripts/b.ts';")]).length, 1);
  });

  it('a circle of folders is found once', () => {
    const files = [
      file('protocol/a/a.ts', "import { b } from '../b/b.ts';"),
      file('protocol/b/b.ts', "import { c } from '../c/c.ts';"),
      file('protocol/c/c.ts', "import { a } from '../a/a.ts';"),
    ];
    assert.deepEqual(folderCircles(files), ['protocol/a → protocol/b → protocol/c → protocol/a']);
    assert.deepEqual(folderCircles(files.slice(0, 2)), []);
  });
});
