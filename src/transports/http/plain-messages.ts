// A way past the router for the two requests of which there are many: sends and polls of the plain form, over HTTP/1.1, with an access token that is known. Fastify's life of a request
// costs more than the send or the poll. What a request may be, who may send it and how it is answered is told by what the routes use too.
//
//   request → plain? token known? query and body valid? → engine → reply
//                └─ no: the application, which answers in full (and gets the body, if it was read)
//
// The headers that all replies have are those that the application had given its first one before it looked at the request. Up to the engine nothing has happened: all that is unusual,
// and all that is wrong, is left to the application. What the engine refuses is answered here.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { parse as parseQuery } from 'fast-querystring';
import type { FastifySchema, FastifySchemaCompiler } from 'fastify';
import type { ClientRecord } from '../../streaming/clients.ts';
import { rememberedToken, tokenClient } from './application/authentication.ts';
import type { HttpApp, HttpServices } from './application/http-app.ts';
import { countRequest, failureName, operationName } from './application/observe-requests.ts';
import { refusalOf } from './application/refusal.ts';
import { startPoll, startSend } from './messages/http-exchange.ts';
import { encodeSend, type SendBody } from './messages/send-body.ts';
import { RepliesOfTurn, type TurnReply } from './replies-of-turn.ts';
import { parseIdentifier } from './request/identifier.ts';
import { type BodyLimits, isJsonType, parseBody, readBytes } from './request/read-body.ts';
import { requestIdOf } from './request/request-id.ts';
import {
  confirmationOf,
  countReply,
  durabilityHeader,
  durabilityOf,
  jsonOf,
  type PollQuery,
  pollOperation,
  pollRequestOf,
  type SendQuery,
  sendOperation,
} from './routes/message-operations.ts';
import type { Schema } from './views/schema.ts';

type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

/** Neither escapes nor what a router might take for the end of a path. */
const plainTarget = /^\/streams\/([\w.~-]+)\/topics\/([\w.~-]+)\/messages(?:\?([\w.~+&=-]*))?$/;
const jsonContent = 'application/json; charset=utf-8';
const pollName = operationName(pollOperation);
const sendName = operationName(sendOperation);

/** To be called when the hooks that give every reply its headers are there, and no other. */
export function answerPlainMessages(
  app: HttpApp,
  services: HttpServices,
  bodies: BodyLimits,
  compile: FastifySchemaCompiler<Schema>,
): void {
  // Each request is a span, or a line of the log, which the application writes.
  if (services.tracing !== undefined || services.log.isLevelEnabled('debug')) return;
  const { server } = app;
  const application = server.listeners('request')[0] as RequestListener;
  let plain: PlainMessages | undefined;
  app.addHook('onRequest', ({ headers, routeOptions }, reply, done) => {
    if (plain === undefined && headers.origin === undefined && routeOptions.config.cors !== false && !services.stopping()) {
      const { 'x-request-id': _, ...everyReply } = reply.getHeaders();
      plain = new PlainMessages(services, bodies, compile, application, Object.entries(everyReply).flat() as string[]);
    }
    done();
  });
  server.removeListener('request', application);
  server.on('request', (request, response) => {
    if (!server.listening || plain?.take(request, response) !== true) application(request, response);
  });
}

class PlainMessages {
  readonly #services: HttpServices;
  readonly #bodies: BodyLimits;
  readonly #application: RequestListener;
  readonly #shared: Shared;
  readonly #isSendQuery: (query: unknown) => boolean;
  readonly #isSendBody: (body: unknown) => boolean;
  readonly #isPollQuery: (query: unknown) => boolean;

  /** `everyReply` are headers, names and values in turn. */
  constructor(
    services: HttpServices,
    bodies: BodyLimits,
    compile: FastifySchemaCompiler<Schema>,
    application: RequestListener,
    everyReply: readonly string[],
  ) {
    this.#services = services;
    this.#bodies = bodies;
    this.#application = application;
    this.#shared = { everyReply, replies: new RepliesOfTurn() };
    this.#isSendQuery = validator(compile, sendOperation, 'querystring');
    this.#isSendBody = validator(compile, sendOperation, 'body');
    this.#isPollQuery = validator(compile, pollOperation, 'querystring');
  }

  /** False: it is for the application. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const isPoll = request.method === 'GET';
    if (!(isPoll || request.method === 'POST') || request.httpVersion !== '1.1' || this.#services.stopping()) return false;
    const match = plainTarget.exec(request.url as string);
    if (match === null) return false;
    const { headers } = request;
    // Pages of other origins are answered with headers of their own.
    if (headers.origin !== undefined) return false;
    if (headers['transfer-encoding'] !== undefined || headers.expect !== undefined || headers.upgrade !== undefined) return false;
    const verified = rememberedToken(this.#services, headers);
    if (verified === undefined) return false;
    const answer = new Answer(this.#services, this.#shared, request, response, isPoll ? pollName : sendName);
    const [, stream_id, topic_id, query] = match as unknown as [string, string, string, string | undefined];
    const place = { stream_id, topic_id };
    const client = tokenClient(request, verified);
    const parsed: unknown = parseQuery(query ?? '');
    return isPoll ? this.#poll(answer, client, place, parsed) : this.#send(answer, client, place, parsed);
  }

  #poll(answer: Answer, client: ClientRecord, place: Place, query: unknown): boolean {
    const { accept, 'content-length': length } = answer.request.headers;
    if (length !== undefined || !(accept === undefined || accept === '*/*' || accept === 'application/json')) return false;
    if (!this.#isPollQuery(query)) return false;
    const wanted = attempt(() => pollRequestOf(place, query as PollQuery));
    if (wanted === undefined) return false;
    startPoll(
      this.#services,
      client,
      wanted,
      (polled) => {
        const json = jsonOf(polled);
        countReply(this.#services.replyBytes, answer.response, json.length);
        answer.give(200, [], json);
      },
      (error) => answer.refuse(error),
    );
    return true;
  }

  #send(answer: Answer, client: ClientRecord, place: Place, query: unknown): boolean {
    const { request } = answer;
    const { 'content-type': type, 'content-length': length } = request.headers;
    const announced = Number(length);
    if (!isJsonType(type) || !(announced > 0 && announced <= this.#bodies.bytesMax)) return false;
    if (!this.#isSendQuery(query) || (query as SendQuery).ack === 'none') return false;
    readBytes(request, announced, this.#bodies.bytesMax, this.#bodies.budget).then(
      (bytes) => {
        const encoded = attempt(() => this.#encode(place, bytes));
        if (encoded === undefined) {
          this.#bodies.readAlready.set(request, bytes);
          this.#application(request, answer.response);
          return;
        }
        startSend(
          this.#services,
          client,
          encoded,
          (appended) => answer.give(201, [durabilityHeader, durabilityOf(this.#services.system, appended)], confirmationOf(appended)),
          (error) => answer.refuse(error),
        );
      },
      (error: unknown) => answer.refuse(error),
    );
    return true;
  }

  /** Undefined, or throws, for a body that is not one of a send. */
  #encode(place: Place, bytes: Buffer): Buffer | undefined {
    const body = parseBody(bytes);
    if (!this.#isSendBody(body)) return undefined;
    const [stream, topic] = [parseIdentifier(place.stream_id), parseIdentifier(place.topic_id)];
    return encodeSend(stream, topic, body as SendBody, this.#services.clock.nowMicros());
  }
}

interface Place {
  readonly stream_id: string;
  readonly topic_id: string;
}

/** What all replies have in common. */
interface Shared {
  /** Headers, names and values in turn. */
  readonly everyReply: readonly string[];
  readonly replies: RepliesOfTurn;
}

/** The reply of one request. */
class Answer implements TurnReply {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly #services: HttpServices;
  readonly #shared: Shared;
  readonly #name: string;
  readonly #startedMs = performance.now();
  #status = 0;
  #headers: string[] = [];
  #json = '';
  #encoding: 'latin1' | 'utf8' = 'utf8';
  #error: string | undefined = undefined;

  constructor(services: HttpServices, shared: Shared, request: IncomingMessage, response: ServerResponse, name: string) {
    this.#services = services;
    this.#shared = shared;
    this.request = request;
    this.response = response;
    this.#name = name;
  }

  /** `json` is ASCII. */
  give(status: number, headers: readonly string[], json: string): void {
    // What is known to be ASCII is neither measured nor encoded as UTF-8.
    this.#encoding = 'latin1';
    this.#complete(requestIdOf(this.request.headers), status, headers, json, undefined);
  }

  refuse(error: unknown): void {
    const id = requestIdOf(this.request.headers);
    const { status, headers, body } = refusalOf(error as Error, id, this.#services.log);
    this.#complete(id, status, Object.entries(headers).flat(), JSON.stringify(body), failureName(error) ?? `http-${status}`);
  }

  write(): void {
    this.response.writeHead(this.#status, this.#headers).end(this.#json, this.#encoding);
    const { metrics } = this.#services;
    if (metrics === undefined) return;
    metrics.requests++;
    countRequest(metrics.meter, this.#name, performance.now() - this.#startedMs, this.#error);
  }

  #complete(id: string, status: number, headers: readonly string[], json: string, error: string | undefined): void {
    const { everyReply, replies } = this.#shared;
    this.#status = status;
    this.#headers = [
      'x-request-id',
      id,
      ...everyReply,
      ...headers,
      'content-type',
      jsonContent,
      'content-length',
      String(Buffer.byteLength(json, this.#encoding)),
    ];
    this.#json = json;
    this.#error = error;
    replies.add(this);
  }
}

function validator(
  compile: FastifySchemaCompiler<Schema>,
  operation: FastifySchema,
  part: 'querystring' | 'body',
): (data: unknown) => boolean {
  const validate = compile({ schema: operation[part] as Schema, method: '', url: '' });
  return (data) => validate(data) === true;
}

/** Undefined for what throws: the application will find the same and answer it. */
function attempt<Result>(make: () => Result): Result | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
