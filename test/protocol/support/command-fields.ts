// Decoded requests and replies in the words of the golden vectors.

import type { Command, Generation } from '../../../src/protocol/command.ts';
import { dataDescriptions } from './data-fields.ts';
import { asItIs } from './description.ts';
import { messageDescriptions } from './message-fields.ts';
import { systemDescriptions } from './system-fields.ts';
import type { Fields } from './vector-files.ts';

const descriptions = new Map(
  [...systemDescriptions, ...dataDescriptions, ...messageDescriptions].map((description) => [description.name, description]),
);

export function requestFields(command: Command<unknown, unknown>, request: unknown, generation: Generation): Fields {
  return (descriptions.get(command.name)?.request ?? asItIs)(request, generation);
}

export function replyFields(command: Command<unknown, unknown>, reply: unknown, generation: Generation): Fields {
  return (descriptions.get(command.name)?.reply ?? asItIs)(reply, generation);
}
