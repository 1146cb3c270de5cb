/** What often lies in the place of a file: the texts that servers and Git put there. */

/** How many of a file's first bytes decide. */
export const MISTAKEN_BYTES = 64;

/**
 * What a file is that lies in the place of another, by its first bytes: a Git LFS pointer, a web page, or
 * gzip that nobody unpacked. Undefined for anything else. `head` has at least the first 64 bytes, or all.
 *
 * @example
 * const what = mistakenFile(bytes);
 * if (what !== undefined) throw new Error(`config.json is ${what}`);
 */
export function mistakenFile(head: Uint8Array): string | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b && head[2] === 8) return 'compressed with gzip';
  const text = String.fromCharCode(...head.subarray(0, MISTAKEN_BYTES));
  if (text.startsWith('version https://git-lfs'))
    return 'a Git LFS pointer, whose file was never fetched (git lfs pull fetches it)';
  // A byte order mark and white space may come first.
  const isPage = /^(\xef\xbb\xbf)?\s*<(!doctype|html|head|\?xml|!--)/i.test(text);
  return isPage ? 'a web page' : undefined;
}
