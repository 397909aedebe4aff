// The paths that there are, for requests with a method that a path does not have: those are 405, and told which methods there are. Fastify looks up path and method together: what
// it does not find is looked up here once more without its method, and of a path like /users/login, which is also one of /users/:user_id, the missing methods are routes.

import type { HTTPMethods } from 'fastify';
import { HttpFailure } from '../request/failure.ts';
import type { HttpApp } from './http-app.ts';

export interface KnownPath {
  readonly methods: readonly string[];
  /** Whether any of them answers without a bearer. */
  readonly isPublic: boolean;
}

interface Pattern {
  readonly url: string;
  /** Undefined: a parameter. `*` as the last one: whatever follows, if only a slash. */
  readonly segments: readonly (string | undefined)[];
  readonly methods: HTTPMethods[];
  isPublic: boolean;
}

export interface KnownPaths {
  /** The path of a URL. */
  of(url: string): KnownPath | undefined;
  /** To be called after the routes are added. */
  refuseOtherMethods(): void;
}

/** To be called before routes are added. */
export function knownPaths(app: HttpApp): KnownPaths {
  const patterns = new Map<string, Pattern>();
  const matching = (path: string) => {
    const segments = path.split('/');
    return [...patterns.values()].filter((pattern) => matches(pattern, segments));
  };
  let areAllThere = false;
  app.addHook('onRoute', ({ url, method, config }) => {
    // `*` alone is CORS’s, for OPTIONS of any path.
    if (areAllThere || url === '*') return;
    const segments = url.split('/').map((segment) => (segment.startsWith(':') ? undefined : segment));
    const pattern = patterns.get(url) ?? { url, segments, methods: [], isPublic: false };
    for (const one of [method].flat() as HTTPMethods[]) if (!pattern.methods.includes(one)) pattern.methods.push(one);
    pattern.isPublic ||= config?.isPublic === true;
    patterns.set(url, pattern);
  });
  return {
    // What is named wins over a parameter in its place.
    of: (url) => matching(url.split(/[?#]/, 1)[0] as string).toSorted((a, b) => parameters(a) - parameters(b))[0],
    refuseOtherMethods() {
      areAllThere = true;
      for (const { url, methods, isPublic } of patterns.values()) {
        const missing = matching(url).flatMap((other) => other.methods.filter((method) => !methods.includes(method)));
        if (missing.length === 0) continue;
        const handler = () => {
          throw wrongMethod(methods);
        };
        app.route({ method: [...new Set(missing)], url, config: { isPublic }, handler });
      }
    },
  };
}

export function wrongMethod(present: readonly string[]): HttpFailure {
  const allow = present.join(', ');
  return new HttpFailure(405, 'method_not_allowed', `The methods of this path are ${allow}`, { headers: { allow } });
}

function matches({ segments }: Pattern, given: readonly string[]): boolean {
  const named = segments.at(-1) === '*' ? segments.slice(0, -1) : segments;
  const isLong = named === segments ? given.length === segments.length : given.length >= segments.length;
  return isLong && named.every((segment, i) => (segment === undefined ? given[i] !== '' : segment === given[i]));
}

function parameters({ segments }: Pattern): number {
  return segments.filter((segment) => segment === undefined).length;
}
