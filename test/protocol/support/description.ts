// How a command's decoded request and reply read in the golden vectors.

import type { Command, Generation } from '../../../src/protocol/command.ts';
import { plain } from './vector-fields.ts';
import type { Fields } from './vector-files.ts';

export type Describe<Value> = (value: Value, generation: Generation) => Fields;

export interface Description {
  /** Name of the command. */
  name: string;
  request: Describe<unknown>;
  reply: Describe<unknown>;
}

/** A direction that is left out reads as its fields are. */
export function describe<Request, Reply>(
  command: Command<Request, Reply>,
  { request = asItIs, reply = asItIs }: { request?: Describe<Request>; reply?: Describe<Reply> },
): Description {
  return { name: command.name, request: request as Describe<unknown>, reply: reply as Describe<unknown> };
}

export function asItIs(value: unknown): Fields {
  return value === undefined ? {} : (plain(value) as Fields);
}
