// How schemas are written here. Every property of a reply is there; a request says which it needs.

export type Schema = Readonly<Record<string, unknown>>;

export const integer: Schema = { type: 'integer', minimum: 0 };
export const text: Schema = { type: 'string' };
export const flag: Schema = { type: 'boolean' };
/** Of a request: see json/keywords.ts. */
export const u64: Schema = { u64: true };
export const u32: Schema = { type: 'integer', minimum: 0, maximum: 0xffff_ffff };
/** Of partitions, made or removed by one request. */
export const partitionsCount: Schema = { ...u32, domain: { minimum: 1, maximum: 1000 } };
/** `69.092 KB`. */
export const sizeText: Schema = { type: 'string', pattern: '^[0-9]+(\\.[0-9]{1,3})? ([KMGTPE]i?)?B$' };
export const base64: Schema = { type: 'string', contentEncoding: 'base64' };

/** Of a stream, a topic or a group. */
export const name: Schema = { type: 'string', domain: { minLength: 1, maxLength: 255 } };

export function nullable(schema: Schema): Schema {
  return { ...schema, nullable: true };
}

export function listOf(items: Schema): Schema {
  return { type: 'array', items };
}

export function ref(id: string): Schema {
  return { $ref: `${id}#` };
}

/** Of a reply: all properties are there. */
export function record(properties: Readonly<Record<string, Schema>>, id?: string): Schema {
  return { ...(id === undefined ? {} : { $id: id }), type: 'object', properties, required: Object.keys(properties) };
}

/** Of a request: properties named in `optional` may be left out. Others than these are ignored. */
export function body(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  return { type: 'object', properties, required: Object.keys(properties).filter((name) => !optional.includes(name)) };
}
