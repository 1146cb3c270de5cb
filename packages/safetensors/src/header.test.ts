// Hostile headers: each is refused with one sentence, before anything is allocated for what it claims.
import { AttnError } from '@attn/core';
import { describe, expect, test } from 'vitest';
import { readSafetensorsHeader } from './header.ts';
import { parseSafetensors } from './read.ts';

/** A file with this header text and this many bytes of data. */
function file(header: string | Uint8Array, dataBytes = 0, claimedLength?: bigint): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, claimedLength ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (shape: unknown, offsets: unknown, dtype: unknown = 'F32') =>
  JSON.stringify({ dtype, shape, data_offsets: offsets });
const headerOf = (text: string) => `{"x":${text}}`;

const hostile: readonly [string, Uint8Array, RegExp][] = [
  ['an empty file', new Uint8Array(0), /at least 8 bytes, got 0/],
  ['a file of 7 bytes', new Uint8Array(7), /at least 8 bytes, got 7/],
  ['a header longer than the file', file('{}', 0, 50n), /header of 50 bytes, but the file ends after 10/],
  ['a header over the limit', file('{}', 0, 100_000_001n), /at most 100000000 bytes, got 100000001/],
  ['a header of 2^63 bytes', file('{}', 0, 2n ** 63n), /at most 100000000 bytes, got 9223372036854776000/],
  ['bad UTF-8', file(Uint8Array.of(0x7b, 0xff, 0x7d)), /not valid UTF-8/],
  ['a byte order mark', file(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d)), /not valid JSON/],
  ['bad JSON', file('{"x":'), /not valid JSON/],
  ['an empty header', file(''), /not valid JSON/],
  ['an array', file('[]'), /must be a JSON object, got \[\]/],
  ['null', file('null'), /must be a JSON object, got null/],
  ['a name twice', file(`{"x":${entry([0], [0, 0])},"\\u0078":${entry([0], [0, 0])}}`), /names "x" twice/],
  [
    'a field twice',
    file('{"x":{"dtype":"F32","dtype":"F32","shape":[0],"data_offsets":[0,0]}}'),
    /"dtype" twice/,
  ],
  [
    'metadata that is no object',
    file('{"__metadata__":[]}'),
    /__metadata__ must be an object of strings, got \[\]/,
  ],
  ['metadata that is no string', file('{"__metadata__":{"a":1}}'), /object of strings, got 1 for "a"/],
  ['an entry that is no object', file('{"x":3}'), /tensor "x" must be an object, got 3/],
  ['an unknown dtype', file(headerOf(entry([1], [0, 4], 'F31')), 4), /dtype of F64, F32.*, got "F31"/],
  ['an inherited dtype', file(headerOf(entry([1], [0, 4], 'constructor')), 4), /got "constructor"/],
  ['a missing dtype', file('{"x":{"shape":[],"data_offsets":[0,0]}}'), /dtype of .*, got undefined/],
  [
    'a missing shape',
    file('{"x":{"dtype":"F32","data_offsets":[0,0]}}'),
    /shape of integers ≥ 0, got undefined/,
  ],
  ['a negative extent', file(headerOf(entry([-1], [0, 4])), 4), /shape of integers ≥ 0, got \[-1\]/],
  ['a fractional extent', file(headerOf(entry([0.5], [0, 4])), 4), /shape of integers ≥ 0, got \[0.5\]/],
  ['a textual extent', file(headerOf(entry(['1'], [0, 4])), 4), /shape of integers ≥ 0, got \["1"\]/],
  ['an extent of 2^60', file(headerOf(entry([2 ** 60], [0, 4])), 4), /shape of integers ≥ 0/],
  [
    'a product beyond 2^53',
    file(headerOf(entry([2 ** 40, 2 ** 40], [0, 4])), 4),
    /needs more than 2\^53 bytes, got 4/,
  ],
  [
    'a product beyond 2^53, times 0',
    file(headerOf(entry([2 ** 50, 2 ** 50, 0], [0, 0]))),
    /needs more than 2\^53/,
  ],
  ['a size that differs', file(headerOf(entry([3], [0, 8])), 8), /shape \[3\] needs 12 bytes, got 8/],
  ['reversed offsets', file(headerOf(entry([1], [4, 0])), 4), /data_offsets \[begin, end\], got \[4, 0\]/],
  ['negative offsets', file(headerOf(entry([1], [-4, 0])), 4), /data_offsets \[begin, end\], got \[-4, 0\]/],
  ['one offset', file(headerOf(entry([1], [4])), 4), /data_offsets \[begin, end\], got \[4\]/],
  ['offsets out of range', file(headerOf(entry([2], [0, 8])), 4), /need 8 bytes of data, but the file has 4/],
  ['trailing data', file(headerOf(entry([1], [0, 4])), 5), /need 4 bytes of data, but the file has 5/],
  ['data without tensors', file('{}', 1), /need 0 bytes of data, but the file has 1/],
  ['a hole at the start', file(headerOf(entry([1], [4, 8])), 8), /no tensor owns the data between 0 and 4/],
  [
    'a hole',
    file(`{"x":${entry([1], [0, 4])},"y":${entry([1], [8, 12])}}`, 12),
    /between 4 and 8, where "y" begins/,
  ],
  [
    'an overlap',
    file(`{"x":${entry([2], [0, 8])},"y":${entry([2], [4, 12])}}`, 12),
    /"y" overlaps .* at data offset 4/,
  ],
  [
    'two owners',
    file(`{"x":${entry([1], [0, 4])},"y":${entry([1], [0, 4])}}`, 4),
    /overlaps .* at data offset 0/,
  ],
];

describe('a hostile header is refused', () => {
  test.each(hostile)('%s', (_title, bytes, message) => {
    let error: unknown;
    try {
      parseSafetensors(bytes);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(AttnError);
    expect(error).toMatchObject({ code: 'MALFORMED_FILE', message: expect.stringMatching(message) });
  });
});

test('names that objects inherit are ordinary names', () => {
  const header = `{"constructor":${entry([0], [0, 0])},"toString":${entry([0, 7], [0, 0])}}`;
  expect([...parseSafetensors(file(header)).tensors.keys()]).toEqual(['constructor', 'toString']);
});

test('a header is read without the data, padded with spaces, in any order of offsets', () => {
  const bytes = file(`{"b":${entry([1], [4, 8])},"a":${entry([1], [0, 4])}}    `, 8);
  const header = readSafetensorsHeader(bytes.subarray(0, bytes.length - 8), bytes.length);
  expect(header.tensors.get('a')?.offset).toBe(bytes.length - 8);
  expect(header.tensors.get('b')).toMatchObject({ dtype: 'F32', shape: [1], byteLength: 4 });
});
