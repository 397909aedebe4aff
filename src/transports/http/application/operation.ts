// The schema of a route: what validates its request, serialises its reply and stands in the OpenAPI document.

import type { FastifySchema } from 'fastify';
import { ref, type Schema, text } from '../views/schema.ts';

export interface OperationParts {
  /** Of `pathOf`. Where routes share one it is compiled once. */
  readonly path?: Schema;
  readonly query?: Readonly<Record<string, Schema>>;
  /** Of the query. */
  readonly required?: readonly string[];
  readonly body?: Schema;
  /** By status. */
  readonly replies: Readonly<Record<number, Schema>>;
  readonly description?: string;
  readonly isPublic?: boolean;
}

export const done: Schema = { type: 'null', description: 'Done' };
export const plainText: Schema = { description: 'Text', content: { 'text/plain': { schema: text } } };

const pathNumbers: Readonly<Record<string, Schema>> = { partition_id: { text: 'u32' }, client_id: { text: 'u32', domain: { minimum: 1 } } };
/** In a path or query. */
export const identifier: Schema = {
  type: 'string',
  description: 'A number, or a name of 1 to 255 bytes',
  domain: { minLength: 1, maxLength: 255 },
};

export const streamPath = pathOf('stream_id');
export const topicPath = pathOf('stream_id', 'topic_id');

/** The schema of a path's parameters: numbers or identifiers. */
export function pathOf(...names: readonly string[]): Schema {
  return { type: 'object', properties: Object.fromEntries(names.map(pathParameter)), required: names };
}

/** The same with what every operation may be refused with. Not part of the route, for which it would be a serialiser each that nobody calls. */
export function withFailures(schema: FastifySchema): FastifySchema {
  return { ...schema, response: { ...(schema.response as object), '4xx': ref('Failure'), '5xx': ref('Failure') } };
}

/** `id` is the OpenAPI operation's. */
export function operation(id: string, tag: string, summary: string, parts: OperationParts): FastifySchema {
  const { path, query, required, body, replies, description, isPublic } = parts;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(isPublic ? { security: [] } : {}),
    ...(path === undefined ? {} : { params: path }),
    ...(query === undefined ? {} : { querystring: { type: 'object', properties: query, required: required ?? [] } }),
    ...(body === undefined ? {} : { body }),
    response: replies,
  } as FastifySchema;
}

function pathParameter(name: string): [string, Schema] {
  return [name, pathNumbers[name] ?? identifier];
}
