// What a screen is given and what it makes.

import type { Api } from './api.ts';
import type { Child } from './dom.ts';

export interface Visit {
  readonly api: Api;
  /** Those of the path, in its order. They are digits. */
  readonly ids: readonly string[];
  readonly query: URLSearchParams;
  /** Shows the screen again, with what is true now. */
  reload(): void;
  /** Goes to another path of the console. */
  open(path: string): void;
}

export interface Page {
  readonly title: string;
  /** Links to what this page is part of, from the outermost: path and name. */
  readonly trail?: readonly (readonly [string, string])[];
  readonly content: readonly Child[];
}

/** Rejects with what the page shows instead. */
export type Screen = (visit: Visit) => Promise<Page>;

/** Path of the console's pages: that of Iggy's console, whose links so lead to the same things here. */
export const base = '/ui/dashboard';
export const streamsPath = `${base}/streams`;

export function streamPath(stream: string | number): string {
  return `${streamsPath}/${stream}`;
}

export function topicPath(stream: string | number, topic: string | number): string {
  return `${streamPath(stream)}/topics/${topic}`;
}
