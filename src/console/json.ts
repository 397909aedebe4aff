// JSON whose numbers may be larger than JavaScript's: ids of 128 bits, checksums, whatever a payload holds. The text of a number is what `JSON.parse` tells beside its value; a
// browser that does not tell it shows such numbers rounded.

type Context = { readonly source?: string } | undefined;
type Parse = (text: string, reviver: (key: string, value: unknown, context: Context) => unknown) => unknown;

const parse = JSON.parse as Parse;
const { rawJSON } = JSON as { rawJSON?: (source: string) => unknown };

/** Whole numbers beyond 2⁵³ become their digits, as a text. Throws a SyntaxError for what is no JSON. */
export function parseJson(text: string): unknown {
  return parse(text, (_key, value, context) => {
    const isLarge = Number.isInteger(value) && !Number.isSafeInteger(value);
    return isLarge ? (context?.source ?? String(value)) : value;
  });
}

/** The same JSON with line breaks, numbers as they were written. Throws a SyntaxError for what is no JSON. */
export function indentJson(text: string): string {
  const value = parse(text, (_key, value, context) =>
    typeof value === 'number' && context?.source !== undefined && rawJSON !== undefined ? rawJSON(context.source) : value,
  );
  return JSON.stringify(value, null, 2);
}
