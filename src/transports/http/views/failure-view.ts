// What refused requests are answered with.

import { integer, nullable, record, text } from './schema.ts';

export const failureSchema = record({ id: integer, code: text, reason: text, field: nullable(text) }, 'Failure');
