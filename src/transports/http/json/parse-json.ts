// JSON as Iggy's API needs it: integers that a double would round come as bigint, a name that occurs twice is told, nesting is bounded.
//
// `JSON.parse` rounds 18446744073709551615 and keeps the last of two names in silence. This reads the same grammar (RFC 8259); strings, which make up nearly all of a request
// with messages, are found with one native search each and, where they have no escapes, taken as they are.

export type JsonValue = null | boolean | number | bigint | string | JsonValue[] | { [name: string]: JsonValue };

/** What the text is not. `duplicate`: it is well-formed, but a name occurs twice in an object. */
export class JsonError extends Error {
  readonly kind: 'malformed' | 'duplicate';

  constructor(kind: 'malformed' | 'duplicate', message: string) {
    super(message);
    this.name = 'JsonError';
    this.kind = kind;
  }
}

const depthMax = 32;
const numberForm = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const controlCharacter = /[^ -\uffff]/;

/** Throws JsonError. Objects have no prototype. */
export function parseJson(text: string): JsonValue {
  const parser = new Parser(text);
  return parser.document();
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonValue {
    const value = this.#value();
    this.#space();
    if (this.#at !== this.#text.length) throw this.#malformed();
    return value;
  }

  #value(): JsonValue {
    this.#space();
    switch (this.#text.charCodeAt(this.#at)) {
      case 0x22:
        return this.#string();
      case 0x7b:
        return this.#object();
      case 0x5b:
        return this.#array();
      case 0x74:
        return this.#word('true', true);
      case 0x66:
        return this.#word('false', false);
      case 0x6e:
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  /** Past the bracket or brace that begins what is nested. */
  #enter(): void {
    if (++this.#depth > depthMax) throw new JsonError('malformed', `nested deeper than ${depthMax}`);
    this.#at++;
  }

  /** Whether what is nested ends here, with its bracket or brace. */
  #leave(end: string): boolean {
    if (!this.#next(end)) return false;
    this.#depth--;
    return true;
  }

  #object(): JsonValue {
    const object: { [name: string]: JsonValue } = Object.create(null);
    this.#enter();
    if (this.#leave('}')) return object;
    do {
      this.#space();
      if (this.#text.charCodeAt(this.#at) !== 0x22) throw this.#malformed();
      const name = this.#string();
      if (!this.#next(':')) throw this.#malformed();
      // Without a prototype, and quicker than `in`.
      if (object[name] !== undefined) throw new JsonError('duplicate', `${JSON.stringify(name.slice(0, 64))} occurs twice`);
      object[name] = this.#value();
    } while (this.#next(','));
    if (!this.#leave('}')) throw this.#malformed();
    return object;
  }

  #array(): JsonValue {
    const array: JsonValue[] = [];
    this.#enter();
    if (this.#leave(']')) return array;
    do array.push(this.#value());
    while (this.#next(','));
    if (!this.#leave(']')) throw this.#malformed();
    return array;
  }

  #string(): string {
    const start = this.#at + 1;
    let end = this.#text.indexOf('"', start);
    if (end < 0) throw this.#malformed();
    const plain = this.#text.slice(start, end);
    if (!plain.includes('\\')) {
      if (controlCharacter.test(plain)) throw this.#malformed();
      this.#at = end + 1;
      return plain;
    }
    while (isEscaped(this.#text, end)) {
      end = this.#text.indexOf('"', end + 1);
      if (end < 0) throw this.#malformed();
    }
    this.#at = end + 1;
    try {
      return JSON.parse(this.#text.slice(start - 1, end + 1)) as string;
    } catch {
      throw this.#malformed();
    }
  }

  #number(): number | bigint {
    numberForm.lastIndex = this.#at;
    const match = numberForm.exec(this.#text);
    if (match === null) throw this.#malformed();
    this.#at = numberForm.lastIndex;
    const [digits, fraction, exponent] = match;
    const number = Number(digits);
    return Number.isSafeInteger(number) || fraction !== undefined || exponent !== undefined ? number : this.#big(digits);
  }

  #big(digits: string): bigint {
    // More than any field takes; to make a bigint of a million digits takes long.
    if (digits.length > 40) throw new JsonError('malformed', 'a number has too many digits');
    return BigInt(digits);
  }

  #word<Value extends JsonValue>(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#at)) throw this.#malformed();
    this.#at += word.length;
    return value;
  }

  #next(character: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #malformed(): JsonError {
    const at = Math.min(this.#at, this.#text.length);
    return new JsonError('malformed', at === this.#text.length ? 'the text ends too early' : `unexpected character at ${at}`);
  }
}

/** Whether the quote at a position has an odd number of backslashes before it. */
function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++;
  return backslashes % 2 === 1;
}
