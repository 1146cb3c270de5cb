/** Which kind of file it is, by its first bytes: names say nothing. */
import { mistakenFile } from '@attn/safetensors';
import { refusal } from './errors.ts';

/** The two formats of `torch.save`: zip since torch 1.6, five pickles before. */
export type TorchFormat = 'zip' | 'legacy';

/** How many of a file's first bytes decide. */
export const MAGIC_BYTES = 512;

/** The first pickle of a legacy file: the number 0x1950a86a20f9469cfc6c, in protocol 2 or 3. */
const LEGACY = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];

/** Bytes of that pickle. */
export const LEGACY_MAGIC_BYTES = 15;

interface Other {
  readonly is: string;
  readonly test: (head: Uint8Array, text: string) => boolean;
}

const startsWith =
  (...bytes: readonly number[]) =>
  (head: Uint8Array): boolean =>
    bytes.every((byte, i) => head[i] === byte);

/** Files that lie on the hub, or come instead of one, under the name of a checkpoint. */
const OTHERS: readonly Other[] = [
  { is: 'it is empty', test: (head) => head.length === 0 },
  { is: 'it is a 7z archive', test: startsWith(0x37, 0x7a, 0xbc, 0xaf) },
  { is: 'it is a GGUF file', test: (_, text) => text.startsWith('GGUF') },
  { is: 'it is an HDF5 file', test: startsWith(0x89, 0x48, 0x44, 0x46) },
  { is: 'it is a NumPy file', test: startsWith(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59) },
  { is: 'it is UTF-16 text', test: (head) => startsWith(0xff, 0xfe)(head) || startsWith(0xfe, 0xff)(head) },
  {
    is: 'it is a .safetensors file: read it with @attn/safetensors',
    test: (head, text) => head.length > 9 && head[7] === 0 && text[8] === '{',
  },
  { is: 'it is a tar archive, as torch wrote them before 0.1.10', test: (_, text) => isTar(text) },
  { is: 'it is JSON', test: (_, text) => /^\s*[{[]\s*["{[\]}]/.test(text) },
  { is: 'every byte of it is 0', test: (head) => head.every((byte) => byte === 0) },
  { is: 'it is a bare pickle without the magic number of a checkpoint', test: startsWith(0x80) },
];

/**
 * The format of a file that begins like this. Errors: `MALFORMED_FILE`, which says what it is where that is
 * known.
 */
export function formatOf(head: Uint8Array, size: number): TorchFormat {
  if (startsWith(0x50, 0x4b, 0x03, 0x04)(head)) return 'zip';
  const isProtocol = head[0] === 0x80 && (head[1] === 2 || head[1] === 3);
  if (isProtocol && LEGACY.every((byte, i) => head[i + 2] === byte)) return 'legacy';
  const text = new TextDecoder('latin1').decode(head);
  const mistaken = mistakenFile(head);
  const other = mistaken ? { is: `it is ${mistaken}` } : OTHERS.find(({ test }) => test(head, text));
  const bytes = [...head.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const what = other?.is ?? `it begins with the bytes ${bytes}`;
  throw refusal('format', `${what}, and has ${size} bytes`);
}

function isTar(text: string): boolean {
  return text.slice(257, 262) === 'ustar';
}
