// Answers what is no HTTP request, has a head that is too large, or does not come in time, before anything of the application sees it.

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { HttpFailure } from './failure.ts';

const known: Readonly<Record<string, HttpFailure>> = {
  ERR_HTTP_REQUEST_TIMEOUT: new HttpFailure(408, 'request_timeout', 'The request did not come in time'),
  HPE_HEADER_OVERFLOW: new HttpFailure(431, 'head_too_large', 'The head of the request is too large'),
};
const malformed = new HttpFailure(400, 'malformed_request', 'This is no HTTP request');

export function refuseUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const { statusCode, body } = known[error.code ?? ''] ?? malformed;
  const text = JSON.stringify(body);
  if (socket.writable) {
    const head = `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}\r\nconnection: close\r\ncontent-type: application/json\r\n`;
    socket.write(`${head}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }
  socket.destroy(error);
}
