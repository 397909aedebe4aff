// Little-endian fields for tests that write Iggy's files: nothing here is shared with what reads them.

export type Field = Uint8Array;

export function u8(value: number): Field {
  return Uint8Array.of(value);
}

export function u32(value: number): Field {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function u64(value: bigint | number): Field {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

export function u128(value: bigint): Field {
  return Buffer.concat([u64(value & 0xffff_ffff_ffff_ffffn), u64(value >> 64n)]);
}

export function zeros(length: number): Field {
  return new Uint8Array(length);
}

/** u8 length, then the text. */
export function short(text: string): Field {
  return Buffer.concat([u8(Buffer.byteLength(text)), Buffer.from(text)]);
}

/** u32 length, then the bytes. */
export function long(bytes: Uint8Array | string): Field {
  return Buffer.concat([u32(Buffer.byteLength(bytes)), Buffer.from(bytes)]);
}

export function concat(...fields: readonly Field[]): Buffer {
  return Buffer.concat(fields);
}

/** A numeric identifier. */
export function numeric(id: number): Field {
  return concat(u8(1), u8(4), u32(id));
}

/** An identifier by name. */
export function named(name: string): Field {
  return concat(u8(2), short(name));
}
