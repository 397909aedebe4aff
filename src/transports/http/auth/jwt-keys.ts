// Keys of our own access tokens. HS algorithms take the secrets' bytes; RS and ES algorithms take PEM: the private key to sign with, the public one, or its certificate, to
// verify with. One of the two serves for both where that is possible.

import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from 'node:crypto';

export interface JwtKeySettings {
  readonly algorithm: string;
  readonly encodingSecret: string;
  readonly decodingSecret: string;
  readonly secretsAreBase64: boolean;
}

export interface JwtKeys {
  readonly sign: Uint8Array | KeyObject;
  readonly verify: Uint8Array | KeyObject;
  /** What an operator should know. */
  readonly warning: string | undefined;
}

const generatedSecretBytes = 48;
const rsaBitsMin = 2048;
const curves: Readonly<Record<string, string>> = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' };

/** Throws with a sentence that names the setting if the secrets do not serve the algorithm. */
export function jwtKeys(settings: JwtKeySettings): JwtKeys {
  const { algorithm, encodingSecret, decodingSecret } = settings;
  if (algorithm.startsWith('HS')) return symmetricKeys(settings);
  const privatePem = encodingSecret || decodingSecret;
  if (privatePem === '') throw new Error(`http.jwt.encoding_secret must hold a private key in PEM for ${algorithm}`);
  const sign = readPem('http.jwt.encoding_secret', () => createPrivateKey(secretBytes(privatePem, settings)));
  const verify =
    decodingSecret === '' || decodingSecret === privatePem
      ? createPublicKey(sign)
      : readPem('http.jwt.decoding_secret', () => createPublicKey(secretBytes(decodingSecret, settings)));
  for (const key of [sign, verify]) requireFit(key, algorithm);
  return { sign, verify, warning: undefined };
}

function symmetricKeys(settings: JwtKeySettings): JwtKeys {
  const { encodingSecret, decodingSecret } = settings;
  if (encodingSecret === '' && decodingSecret === '') {
    const secret = randomBytes(generatedSecretBytes);
    return {
      sign: secret,
      verify: secret,
      warning: 'access tokens of the HTTP API end with this process: http.jwt.encoding_secret is not set',
    };
  }
  const differs = encodingSecret !== '' && decodingSecret !== '' && encodingSecret !== decodingSecret;
  return {
    sign: secretBytes(encodingSecret || decodingSecret, settings),
    verify: secretBytes(decodingSecret || encodingSecret, settings),
    warning: differs ? 'http.jwt.encoding_secret and http.jwt.decoding_secret differ: no access token will verify' : undefined,
  };
}

function secretBytes(secret: string, { secretsAreBase64 }: JwtKeySettings): Buffer {
  if (!secretsAreBase64) return Buffer.from(secret);
  const bytes = Buffer.from(secret, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '') !== secret.replace(/=+$/, '')) {
    throw new Error('http.jwt.use_base64_secret is set, but the secrets of http.jwt are not base64');
  }
  return bytes;
}

function readPem(setting: string, read: () => KeyObject): KeyObject {
  try {
    return read();
  } catch (error) {
    throw new Error(`${setting} holds no key in PEM: ${(error as Error).message}`, { cause: error });
  }
}

function requireFit(key: KeyObject, algorithm: string): void {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  const fits = algorithm.startsWith('RS')
    ? key.asymmetricKeyType === 'rsa' && (modulusLength ?? 0) >= rsaBitsMin
    : namedCurve === curves[algorithm];
  if (!fits) throw new Error(`the keys of http.jwt do not fit ${algorithm}`);
}
