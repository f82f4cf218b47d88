import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';

type Json = Readonly<Record<string, unknown>>;

export interface Token {
  readonly header: Json;
  readonly payload: Json;
}

const encode = (part: Json): string => Buffer.from(JSON.stringify(part)).toString('base64url');

const decode = (part: string | undefined): Json => JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'));

export const readToken = (text: string): Token => {
  const [header, payload] = text.split('.');
  return { header: decode(header), payload: decode(payload) };
};

export const signRs256 = ({ header, payload }: Token, key: KeyObject): string => {
  const content = `${encode({ ...header, alg: 'RS256' })}.${encode(payload)}`;
  return `${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`;
};

/** The classic: the public key, which everybody knows, as the secret of an HMAC. */
export const signHs256 = ({ header, payload }: Token, publicPem: string): string => {
  const content = `${encode({ ...header, alg: 'HS256' })}.${encode(payload)}`;
  return `${content}.${createHmac('sha256', publicPem).update(content).digest('base64url')}`;
};

export const unsigned = ({ header, payload }: Token): string =>
  `${encode({ ...header, alg: 'none' })}.${encode(payload)}.`;

/** Another payload under the signature of the old one. */
export const tampered = (text: string, change: Json): string => {
  const [header, , signature] = text.split('.');
  return `${header}.${encode({ ...readToken(text).payload, ...change })}.${signature}`;
};

export const newKey = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

export const publicPemOf = (jwk: JsonWebKey): string =>
  createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();
