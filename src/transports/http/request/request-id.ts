// What a request is called in its reply, in logs and in traces.

import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const form = /^[\w.:/+=@-]{1,128}$/;

/** The client's own id of it, if that is fit. */
export function requestIdOf(headers: IncomingHttpHeaders): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && form.test(given) ? given : randomUUID();
}
