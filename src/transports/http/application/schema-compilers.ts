// What fastify makes of schemas: validators of requests, compiled when a route is first called. Most servers never see most routes, and to compile all of them took a fifth of all
// memory that a start needs. Views have the shape of their schemas already: what writes replies needs to know none.

import { createRequire } from 'node:module';
import type { Ajv as AjvInstance } from 'ajv';
import type { FastifySchemaCompiler, FastifyServerOptions } from 'fastify';
import { keywords } from '../json/keywords.ts';
import { writeJson } from '../json/write-json.ts';
import type { Schema } from '../views/schema.ts';

type Compilers = NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>;

const require = createRequire(import.meta.url);

/** Schemas of requests stand for themselves: they refer to none of the shared ones. */
export function compileWhenCalled(): FastifySchemaCompiler<Schema> {
  let ajv: AjvInstance | undefined;
  return ({ schema }) => {
    let validate: ReturnType<AjvInstance['compile']> | undefined;
    return (data) => {
      if (validate === undefined) {
        ajv ??= createAjv();
        validate = ajv.compile(schema);
      }
      return validate(data) ? true : { error: validate.errors as never };
    };
  };
}

export function schemaCompilers(compile: FastifySchemaCompiler<Schema>): Compilers {
  // The factory's type is that of what compiles at once.
  return { buildValidator: (() => compile) as never, buildSerializer: () => () => writeJson };
}

function createAjv(): AjvInstance {
  const { Ajv } = require('ajv') as typeof import('ajv');
  return new Ajv({ useDefaults: true, allowUnionTypes: true, addUsedSchema: false, keywords });
}
