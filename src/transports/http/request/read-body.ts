// Bodies of requests: read whole, within the limit of one and of all together. Only those who are authenticated get so far, but for a login, whose body is small.

import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { JsonError, parseJson } from '../json/parse-json.ts';
import type { ByteBudget } from './byte-budget.ts';
import { HttpFailure } from './failure.ts';

export interface BodyLimits {
  readonly bytesMax: number;
  /** On public routes. */
  readonly publicBytesMax: number;
  readonly budget: ByteBudget;
  /** Bodies that were read before the application got to see their requests. */
  readonly readAlready: WeakMap<IncomingMessage, Buffer>;
}

const jsonType = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Makes the application take JSON where a route has a schema for it, bytes where it takes them, and nothing elsewhere. */
export function takeBodies(app: FastifyInstance, limits: BodyLimits): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: Readable) => {
    const { config, schema } = request.routeOptions;
    const isJson = schema?.body !== undefined;
    if (!isJson && !config.takesBytes) {
      payload.resume();
      return undefined;
    }
    if (isJson && !isJsonType(request.headers['content-type'])) throw unsupportedType();
    const bytesMax = config.isPublic ? Math.min(limits.publicBytesMax, limits.bytesMax) : limits.bytesMax;
    const announced = Number(request.headers['content-length'] ?? 0);
    const bytes = limits.readAlready.get(request.raw) ?? (await readBytes(payload, announced, bytesMax, limits.budget));
    return config.takesBytes ? bytes : parseBody(bytes);
  });
  app.addHook('onRequest', (request, _reply, done) => {
    // What announces neither type nor length, as HTTP/2 may, would be taken for having no body.
    if (request.routeOptions.config.takesBytes) request.raw.headers['content-type'] ??= 'application/octet-stream';
    done();
  });
  app.addHook('preValidation', (request, _reply, done) => {
    // Without a type and a body nothing was parsed.
    if (request.body === undefined && request.routeOptions.schema?.body !== undefined) done(unsupportedType() as never);
    else done();
  });
}

export function isJsonType(contentType: string | undefined): boolean {
  return contentType !== undefined && jsonType.test(contentType);
}

/** Resolves to the whole body, and rejects with 413, 503 or 400. `announced` is the length that its head gives. */
export function readBytes(payload: Readable, announced: number, bytesMax: number, budget: ByteBudget): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let taken = 0;
    let settled = false;
    const settle = (end: () => void): void => {
      if (settled) return;
      settled = true;
      budget.release(taken);
      end();
    };
    // The rest is read past, so that the client gets to see the answer.
    const refuse = (error: unknown): void => settle(() => reject(error));
    const tooLarge = () => new HttpFailure(413, 'request_too_large', `The body is larger than ${bytesMax} bytes`);
    if (announced > bytesMax) {
      payload.resume();
      refuse(tooLarge());
      return;
    }
    payload.on('data', (chunk: Buffer) => {
      if (settled) return;
      bytes += chunk.length;
      if (bytes > bytesMax) {
        refuse(tooLarge());
        return;
      }
      try {
        budget.take(chunk.length);
      } catch (error) {
        refuse(error);
        return;
      }
      taken += chunk.length;
      chunks.push(chunk);
    });
    payload.on('end', () => settle(() => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes))));
    payload.on('error', refuse);
    payload.on('close', () => {
      if (!settled) refuse(new HttpFailure(400, 'request_aborted', 'The body was cut off'));
    });
  });
}

/** Throws 400 for what is no JSON, 422 for a name that occurs twice. */
export function parseBody(bytes: Buffer): unknown {
  try {
    return parseJson(utf8.decode(bytes));
  } catch (error) {
    if (error instanceof JsonError && error.kind === 'duplicate')
      throw new HttpFailure(422, 'invalid_body', `The body is not what was expected: ${error.message}`);
    if (error instanceof JsonError) throw new HttpFailure(400, 'malformed_json', `The body is no JSON: ${error.message}`);
    throw new HttpFailure(400, 'malformed_json', 'The body is not UTF-8');
  }
}

function unsupportedType(): HttpFailure {
  return new HttpFailure(415, 'unsupported_media_type', 'Expected a body with `Content-Type: application/json`');
}
