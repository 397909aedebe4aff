// What every area of commands is built on.

import type { Command, Generation } from '../../protocol/command.ts';
import type { Options } from '../../protocol/primitives/options.ts';
import { formatTypedValue } from '../../protocol/primitives/typed-value.ts';
import type { CallOptions } from '../connection/call.ts';
import type { RequestOptions } from '../connection/connection.ts';
import { typed, type Value } from '../message/typed.ts';

/** The part of a connection that commands need. */
export interface Requester {
  readonly generation: Generation;
  /** False: requests that are under way together may be carried out in any order. */
  readonly ordered: boolean;
  request<Request, Reply>(command: Command<Request, Reply>, request: Request, options: RequestOptions): Promise<Reply>;
  /** Nobody needs this reply any longer, nor what is a view of it. */
  recycle(reply: Uint8Array): void;
}

/** Reads and other commands that may be carried out twice: repeated after a lost connection. */
export function repeatable(options: CallOptions = {}): RequestOptions {
  return { ...options, repeatable: true };
}

/** Changes: after a lost connection they fail, and `outcome` says whether they may have been carried out. */
export function once(options: CallOptions = {}): RequestOptions {
  return { ...options, repeatable: false };
}

/** Options by name, as streams, topics and users take them from VSR servers. `client.system.describeOptions` lists them. */
export type OptionValues = Readonly<Record<string, Value>>;

export function wireOptions(values: OptionValues = {}): Options {
  return new Map(Object.entries(values).map(([key, value]) => [key, formatTypedValue(typed(value))]));
}
