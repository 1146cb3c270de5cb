// Tensors that a program announces: which requests they take, and what becomes of requests that nobody needs.
import { expect, test } from 'vitest';
import { httpSource, openSafetensors, serializeSafetensors, type SafetensorsSource } from './index.ts';
import { ReadAhead, type FetchParts } from './read-ahead.ts';

const MB = 2 ** 20;
const file = Uint8Array.from({ length: 1_000 }, (_, i) => (i * 31) % 251);

/** A request as a server sees it. */
interface Request {
  readonly range: string;
  readonly signal: AbortSignal | null | undefined;
}

/** What a test's server answers. */
type Answer = (from: number, to: number, count: number) => BodyInit;

/** A source of `bytes`, and the requests that it has sent since it was opened. */
async function sourceOf(
  bytes: Uint8Array<ArrayBuffer>,
  answer: Answer = (from, to) => bytes.slice(from, to),
  options = {},
): Promise<{ readonly source: SafetensorsSource; readonly requests: Request[] }> {
  const requests: Request[] = [];
  const fetch = async (_url: string, init: RequestInit): Promise<Response> => {
    const range = new Headers(init.headers).get('Range') ?? '';
    requests.push({ range, signal: init.signal });
    const [, from, to] = (/^bytes=(\d+)-(\d+)$/.exec(range) ?? []).map(Number);
    const headers = { 'Content-Range': `bytes ${from}-${to}/${bytes.length}` };
    return new Response(answer(from, to + 1, requests.length), { status: 206, headers });
  };
  const source = await httpSource('https://example.org/file', { fetch, attempts: 2, ...options });
  requests.length = 0;
  return { source, requests };
}

const rangesOf = (requests: readonly Request[]): readonly string[] => requests.map(({ range }) => range);

/** The announced ranges of a file, in the order of reading. */
const ranges = [
  { offset: 40, length: 10 },
  { offset: 20, length: 20 },
  { offset: 300, length: 5 },
  { offset: 50, length: 1 },
];

test('neighbours come in one answer, whatever the order in which they are read', async () => {
  const { source, requests } = await sourceOf(file);
  const end = source.readAhead?.(ranges);
  for (const { offset, length } of ranges) {
    const bytes = await source.read(offset, length);
    expect(bytes).toEqual(file.slice(offset, offset + length));
    expect(bytes.buffer.byteLength).toBe(length);
  }
  // Not the byte 51, for which nobody asked.
  expect(rangesOf(requests)).toEqual(['bytes=20-50', 'bytes=300-304']);
  await source.read(50, 1);
  await source.read(60, 2);
  expect(rangesOf(requests).slice(2)).toEqual(['bytes=50-50', 'bytes=60-61']);
  end?.();
});

test('the last bytes of a range count as the range, other parts do not', async () => {
  const { source, requests } = await sourceOf(file);
  source.readAhead?.([{ offset: 10, length: 30 }]);
  expect(await source.read(10, 8)).toEqual(file.slice(10, 18));
  expect(await source.read(18, 22)).toEqual(file.slice(18, 40));
  expect(rangesOf(requests)).toEqual(['bytes=10-17', 'bytes=10-39']);
});

test('large ranges are fetched by themselves, and answers have at most 8 MB', async () => {
  const bytes = new Uint8Array(40 * MB);
  const { source, requests } = await sourceOf(bytes);
  const lengths = [3, 3, 9, 3, 3, 3].map((length) => length * MB);
  const parts = lengths.map((length, i) => ({
    offset: lengths.slice(0, i).reduce((sum, each) => sum + each, 0),
    length,
  }));
  const end = source.readAhead?.(parts);
  for (const { offset, length } of parts) expect(await source.read(offset, length)).toHaveLength(length);
  const [a, b, c, d, e] = [0, 6, 15, 21, 24].map((from) => from * MB);
  expect(rangesOf(requests)).toEqual([
    `bytes=${a}-${b - 1}`,
    // Ahead, while the first answer is read.
    `bytes=${c}-${d - 1}`,
    `bytes=${b}-${c - 1}`,
    `bytes=${d}-${e - 1}`,
  ]);
  end?.();
});

test('an answer that breaks off is continued with the first range that is not whole', async () => {
  const cut: Answer = (from, to, count) => file.slice(from, count === 1 ? from + 25 : to);
  const { source, requests } = await sourceOf(file, cut);
  source.readAhead?.(ranges);
  const all = ranges.map(({ offset, length }) => source.read(offset, length));
  expect(await Promise.all(all)).toEqual(
    ranges.map(({ offset, length }) => file.slice(offset, offset + length)),
  );
  expect(rangesOf(requests)).toEqual(['bytes=20-50', 'bytes=300-304', 'bytes=40-50']);
});

test('an answer that fails is the error of its ranges alone', async () => {
  const { source } = await sourceOf(file, (from, to) => file.slice(from, from === 300 ? from : to));
  source.readAhead?.(ranges);
  expect(await source.read(20, 20)).toEqual(file.slice(20, 40));
  await expect(source.read(300, 5)).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect(await source.read(50, 1)).toEqual(file.slice(50, 51));
});

/** A body that never comes. */
const never = (): ReadableStream => new ReadableStream({ pull: () => new Promise(() => {}) });

test('an abort ends what is read, and what is on its way', async () => {
  const controller = new AbortController();
  const { source, requests } = await sourceOf(file, never, { signal: controller.signal });
  const end = source.readAhead?.(ranges);
  const reading = source.read(20, 20);
  controller.abort();
  await expect(reading).rejects.toMatchObject({ code: 'ABORTED' });
  expect(requests.map(({ signal }) => signal?.aborted)).toEqual([true, true]);
  await expect(source.read(300, 5)).rejects.toMatchObject({ code: 'ABORTED' });
  end?.();
});

test('the end cancels requests that nobody waits for', async () => {
  const { source, requests } = await sourceOf(file, (from, to) =>
    from === 300 ? never() : file.slice(from, to),
  );
  const end = source.readAhead?.(ranges);
  await source.read(20, 20);
  expect(rangesOf(requests)).toEqual(['bytes=20-50', 'bytes=300-304']);
  end?.();
  expect(requests[1].signal?.aborted).toBe(true);
  await source.read(40, 10);
  expect(rangesOf(requests).slice(2)).toEqual(['bytes=40-49']);
});

test('at most 64 MB are ahead, and no byte comes twice', () => {
  const fetched: number[] = [];
  const fetchParts: FetchParts = async (offset, lengths) => {
    let at = offset;
    for (const length of lengths) {
      for (let i = 0; i < length / MB; i++) fetched.push(at / MB + i);
      at += length;
    }
  };
  // Twenty groups of 8 MB. First the beginning of each is read, then the rest.
  const starts = Array.from({ length: 20 }, (_, i) => ({ offset: 8 * i * MB, length: 2 * MB }));
  const rests = starts.map(({ offset }) => ({ offset: offset + 2 * MB, length: 6 * MB }));
  const order = [...starts, ...rests];
  const plan = new ReadAhead(order, fetchParts, undefined);
  let total = 0;
  for (const { offset, length } of order) {
    const bytes = plan.read(offset, length);
    if (bytes === undefined)
      fetched.push(offset / MB, ...Array.from({ length: length / MB - 1 }, (_, i) => offset / MB + i + 1));
    total += length / MB;
    expect(fetched.length - total).toBeLessThanOrEqual(64);
  }
  expect(fetched.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 160 }, (_, i) => i));
  plan.end();
});

test('a file of tensors says where they are', async () => {
  const bytes = serializeSafetensors({
    a: { dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) },
    b: { dtype: 'u8', shape: [0], data: new Uint8Array(0) },
    c: { dtype: 'u8', shape: [3], data: Uint8Array.of(1, 2, 3) },
  });
  const { source, requests } = await sourceOf(Uint8Array.from(bytes));
  const opened = await openSafetensors(source);
  const before = requests.length;
  const end = opened.readAhead(['c', 'b', 'a']);
  expect((await opened.tensor('c')).data).toEqual(Uint8Array.of(1, 2, 3));
  expect((await opened.tensor('b')).data).toHaveLength(0);
  expect((await opened.tensor('a')).data).toEqual(Float32Array.of(1, 2));
  expect(requests).toHaveLength(before + 1);
  end();
  expect(() => opened.readAhead(['d'])).toThrow(expect.objectContaining({ code: 'MISSING_INPUT' }));
  // A source in memory has nothing to gain.
  const { size } = source;
  const plain = await openSafetensors({ size, read: async (at, n) => bytes.slice(at, at + n) });
  expect(() => plain.readAhead(['a'])()).not.toThrow();
});
