// Ids of messages in JSON: a number below 2⁶⁴, or a text of decimal digits or of 32 hexadecimal ones with dashes anywhere. 32 digits 0 to 9 are read as decimal.

const u64Max = 0xffff_ffff_ffff_ffffn;
const u128Max = (1n << 128n) - 1n;

/** Undefined for what is no id. 0, also for an absent one, asks the server to make an id. */
export function parseMessageId(value: unknown): bigint | undefined {
  switch (typeof value) {
    case 'undefined':
      return 0n;
    case 'number':
      return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined;
    case 'bigint':
      return value >= 0n && value <= u64Max ? value : undefined;
    case 'string':
      return parseText(value);
    default:
      return undefined;
  }
}

function parseText(text: string): bigint | undefined {
  if (/^\d{1,39}$/.test(text)) {
    const id = BigInt(text);
    return id <= u128Max ? id : undefined;
  }
  if (text.length > 64) return undefined;
  const digits = text.replaceAll('-', '');
  return /^[0-9a-fA-F]{32}$/.test(digits) ? BigInt(`0x${digits}`) : undefined;
}
