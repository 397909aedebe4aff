// The golden vectors of test/vectors/: frames of both generations with their decoded content.

import { readFileSync } from 'node:fs';

export type Fields = Record<string, unknown>;

export interface ClassicVector {
  name: string;
  direction: 'request' | 'response';
  code: number;
  /** Responses only. */
  status?: number;
  fields: Fields;
  frame: Buffer;
}

export interface VsrVector {
  id: string;
  kind: 'vsr' | 'classic';
  /** Bytes of the frame. */
  length: number;
  /** Header fields. */
  fields: Fields;
  header_nonzero: { field: string; offset: number; size: number; hex: string }[];
  body_fields?: Fields;
  frame: Buffer;
}

export function classicVectors(): ClassicVector[] {
  return read('vectors.json').map(withFrame<ClassicVector>);
}

export function vsrVectors(): VsrVector[] {
  return read('vsr-vectors.json').vectors.map(withFrame<VsrVector>);
}

function withFrame<Vector>(vector: { hex: string }): Vector {
  return { ...vector, frame: Buffer.from(vector.hex, 'hex') } as Vector;
}

function read(file: string) {
  return JSON.parse(readFileSync(new URL(`../../vectors/${file}`, import.meta.url), 'utf8'));
}
