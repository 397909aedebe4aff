// Classic frames
//   request       length u32 (4 + payload) · code u32 · payload
//   response      status u32 · length u32 (payload alone) · payload (none unless the status is 0)
// All functions take the position of the frame's first byte.

/** Header of a request and of a response alike. */
export const classicHeaderBytes = 8;

/** Bytes of the whole request frame. A value below 8 means a malformed frame. */
export function classicRequestBytes(frame: Buffer, at: number): number {
  return 4 + frame.readUInt32LE(at);
}

export function classicRequestCode(frame: Buffer, at: number): number {
  return frame.readUInt32LE(at + 4);
}

export function writeClassicRequestHeader(target: Buffer, at: number, code: number, payloadBytes: number): void {
  target.writeUInt32LE(4 + payloadBytes, at);
  target.writeUInt32LE(code, at + 4);
}

export function classicResponseStatus(frame: Buffer, at: number): number {
  return frame.readUInt32LE(at);
}

/** Bytes of the whole response frame. */
export function classicResponseBytes(frame: Buffer, at: number): number {
  return classicHeaderBytes + frame.readUInt32LE(at + 4);
}

/** An error has no payload; an OK payload of exactly one byte would be skipped by clients and must not be sent. */
export function writeClassicResponseHeader(target: Buffer, at: number, status: number, payloadBytes: number): void {
  target.writeUInt32LE(status, at);
  target.writeUInt32LE(payloadBytes, at + 4);
}
