// Two results beside each other: their figures with the ratio, and every condition in which they differ.

import { figuresOf } from './figures.ts';
import type { BenchResult, RoleResult } from './result.ts';

export interface ComparedFigure {
  readonly name: string;
  readonly texts: readonly [string, string];
  /** The second's value for each unit of the first's; undefined where there is nothing to divide by. */
  readonly ratio: number | undefined;
  /** Of the second. */
  readonly verdict: 'better' | 'worse' | 'about the same';
}

export interface Comparison {
  /** Of the results. */
  readonly names: readonly [string, string];
  readonly roles: readonly { readonly role: RoleResult['role']; readonly figures: readonly ComparedFigure[] }[];
  readonly differences: readonly { readonly name: string; readonly values: readonly [string, string] }[];
}

/** One run of each says little about less. */
const sameWithin = 0.05;

/** Roles that only one of them has are left out. */
export function compareResults(names: readonly [string, string], [first, second]: readonly [BenchResult, BenchResult]): Comparison {
  return {
    names,
    roles: first.roles.flatMap((role) => {
      const other = second.roles.find((each) => each.role === role.role);
      return other === undefined ? [] : [{ role: role.role, figures: comparedFigures(role, other) }];
    }),
    differences: differences(first, second),
  };
}

function comparedFigures(first: RoleResult, second: RoleResult): ComparedFigure[] {
  const others = figuresOf(second);
  return figuresOf(first).map(({ name, value, text, better }, index) => {
    const other = others[index] as (typeof others)[number];
    const ratio = value === 0 ? undefined : other.value / value;
    const gain = ratio === undefined ? 0 : (better === 'more' ? ratio : 1 / ratio) - 1;
    const verdict = gain > sameWithin ? 'better' : gain < -sameWithin ? 'worse' : 'about the same';
    return { name, texts: [text, other.text], ratio, verdict };
  });
}

function differences(first: BenchResult, second: BenchResult): Comparison['differences'] {
  const [a, b] = [conditions(first), conditions(second)];
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((name) => {
    const values = [a.get(name) ?? '–', b.get(name) ?? '–'] as const;
    return values[0] === values[1] ? [] : [{ name, values }];
  });
}

/** What two runs must have in common to be comparable, by dotted path. */
function conditions({ parameters, machine, tool, server, complete }: BenchResult): Map<string, string> {
  const { usage: _, address: __, ...told } = server;
  return new Map(leaves({ parameters, machine, tool, server: told, complete }, ''));
}

function leaves(value: unknown, path: string): [string, string][] {
  if (typeof value !== 'object' || value === null) return [[path, String(value)]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}
