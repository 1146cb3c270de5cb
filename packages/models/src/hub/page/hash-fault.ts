/** Checks bytes against the hash that the hub promised. */

/** What is wrong with the hash of a file's bytes, as the end of a sentence; undefined when it is right. */
export async function hashFault(bytes: Uint8Array, hash: string): Promise<string | undefined> {
  // Secure pages, the only ones with a cache, have it.
  const { subtle } = globalThis.crypto;
  const isSha256 = hash.length === 64;
  const start = isSha256 ? '' : `blob ${bytes.length}\0`;
  const content = await new Blob([start, Uint8Array.from(bytes)]).arrayBuffer();
  const digest = await subtle.digest(isSha256 ? 'SHA-256' : 'SHA-1', content);
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex === hash ? undefined : `must have the hash ${hash}, got ${hex}`;
}
