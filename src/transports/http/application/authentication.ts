// Who asks: told by the bearer, an access token or a personal one, or by the certificate of a TLS client.
//
// A browser sends a certificate with requests that any page makes it send. So a certificate counts only for requests that no page of another origin has made.

import type { IncomingHttpHeaders } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { FastifyRequest, onRequestHookHandler } from 'fastify';
import type { Generation } from '../../../protocol/command.ts';
import { ProtocolError } from '../../../protocol/protocol-error.ts';
import type { ClientRecord } from '../../../streaming/clients.ts';
import { authenticateToken } from '../../../streaming/logins.ts';
import type { User } from '../../../streaming/users.ts';
import { usernameOf } from '../../client-certificates.ts';
import { formatAddress } from '../../listener.ts';
import type { VerifiedToken } from '../auth/access-tokens.ts';
import type { HttpServices } from './http-app.ts';
import type { KnownPaths } from './known-paths.ts';

const scheme = 'Bearer ';

/** Refuses with 40 what is neither public nor comes from a user. */
export function authentication(services: HttpServices, paths: KnownPaths): onRequestHookHandler {
  return (request, _reply, done) => {
    if (request.routeOptions.config.isPublic || (request.is404 && paths.of(request.url)?.isPublic)) {
      done();
      return;
    }
    const remembered = rememberedToken(services, request.headers);
    if (remembered !== undefined) {
      admit(request, tokenClient(request, remembered), remembered, done);
      return;
    }
    const { authorization } = request.headers;
    if (authorization === undefined) {
      const user = certificateUser(services, request);
      if (user === undefined) done(new ProtocolError('unauthenticated', 'the request has no bearer') as never);
      else admit(request, new HttpClient(request, user, 'classic'), null, done);
      return;
    }
    const token = authorization.startsWith(scheme) ? authorization.slice(scheme.length) : '';
    if (!token.includes('.')) {
      const user = ownerOf(services, token);
      if (user === undefined) done(new ProtocolError('unauthenticated', 'the bearer is no token that is honoured') as never);
      // Bearers of this kind came with Iggy 0.9.
      else admit(request, new HttpClient(request, user, 'vsr'), null, done);
      return;
    }
    services.accessTokens.verify(token).then(
      (verified) => admit(request, tokenClient(request, verified), verified, done),
      (error: unknown) => done(error as never),
    );
  };
}

/** The access token of a request, if it verified before and still holds. */
export function rememberedToken({ accessTokens }: HttpServices, { authorization }: IncomingHttpHeaders): VerifiedToken | undefined {
  return authorization?.startsWith(scheme) ? accessTokens.remembered(authorization.slice(scheme.length)) : undefined;
}

export function tokenClient(origin: Origin, { user, generation }: VerifiedToken): ClientRecord {
  return new HttpClient(origin, user, generation);
}

/** Where a request came from. */
type Origin = Pick<FastifyRequest, 'socket'>;

/** Who asks, for as long as the request. */
class HttpClient implements ClientRecord {
  readonly id = 0;
  readonly transport = 'http';
  readonly generation: Generation;
  readonly userId: number;
  readonly certificateUser = undefined;
  readonly presentedClientId = 0n;
  lastSeenMs = 0;
  session = undefined;
  tellStale = undefined;
  readonly #origin: Origin;
  #memberships: ClientRecord['memberships'] | undefined = undefined;

  constructor(origin: Origin, user: User, generation: Generation) {
    this.#origin = origin;
    this.userId = user.id;
    this.generation = generation;
  }

  /** Few requests come to have any. */
  get memberships(): ClientRecord['memberships'] {
    this.#memberships ??= new Set();
    return this.#memberships;
  }

  /** Only logs want to know. */
  get address(): string {
    return addressOf(this.#origin);
  }
}

export function addressOf({ socket }: Origin): string {
  return formatAddress(socket.remoteAddress ?? '', socket.remotePort ?? 0);
}

function admit(request: FastifyRequest, caller: ClientRecord, accessToken: VerifiedToken | null, done: () => void): void {
  request.caller = caller;
  request.accessToken = accessToken;
  done();
}

function ownerOf({ system }: HttpServices, token: string): User | undefined {
  try {
    return authenticateToken(system, token);
  } catch {
    return undefined;
  }
}

function certificateUser({ certificateUsers, system }: HttpServices, request: FastifyRequest): User | undefined {
  if (certificateUsers === undefined || isOfAnotherOrigin(request)) return undefined;
  const socket = request.socket as Partial<TLSSocket>;
  if (socket.authorized !== true) return undefined;
  const certificate = socket.getPeerX509Certificate?.();
  const username = certificate && usernameOf(certificate, certificateUsers);
  const user = username === undefined ? undefined : system.users.get(username);
  return user?.active === true ? user : undefined;
}

function isOfAnotherOrigin({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  return headers.origin !== undefined || !(site === undefined || site === 'none' || site === 'same-origin');
}
